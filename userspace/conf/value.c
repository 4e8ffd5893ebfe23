/* SPDX-License-Identifier: MIT */
/* The types of settings.h: texts into values. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "conf/arena.h"
#include "conf/settings.h"

struct unit {
	const char *name;
	uint64_t factor;
};

static const struct unit no_units[] = {{"", 1}, {0}};

static const struct unit size_units[] = {
	{"", 1},
	{"b", 1},
	{"k", 1ULL << 10},
	{"kb", 1ULL << 10},
	{"m", 1ULL << 20},
	{"mb", 1ULL << 20},
	{"g", 1ULL << 30},
	{"gb", 1ULL << 30},
	{"t", 1ULL << 40},
	{"tb", 1ULL << 40},
	{0},
};

static const struct unit time_units[] = {
	{"ms", 1},	     {"msec", 1},	   {"msecs", 1},
	{"s", 1000},	     {"sec", 1000},	   {"secs", 1000},
	{"seconds", 1000},   {"m", 60000},	   {"min", 60000},
	{"mins", 60000},     {"minutes", 60000},   {"h", 3600000},
	{"hour", 3600000},   {"hours", 3600000},   {"d", 86400000},
	{"day", 86400000},   {"days", 86400000},   {"w", 604800000},
	{"week", 604800000}, {"weeks", 604800000}, {0},
};

static const struct unit *unit_find(const struct unit *units, const char *name)
{
	for (; units->name; units++) {
		if (strcasecmp(units->name, name) == 0)
			return units;
	}
	return NULL;
}

/* "12 mins" times the factor of its unit; false when it is not that or does not fit. */
static bool parse_number(const char *value, const struct unit *units, uint64_t *number_r)
{
	const struct unit *unit;
	uint64_t number;
	char *end;

	if (*value < '0' || *value > '9')
		return false;
	errno = 0;
	number = strtoull(value, &end, 10);
	end += strspn(end, " \t");
	unit = unit_find(units, end);
	if (!unit && units == time_units && number == 0 && *end == '\0')
		unit = time_units;
	if (errno != 0 || !unit || __builtin_mul_overflow(number, unit->factor, &number))
		return false;
	*number_r = number;
	return true;
}

static int parse_bounded(const struct conf_field *field, const char *value,
			 const struct unit *units, const char *right, void *to,
			 struct error *error_r)
{
	uint64_t max = field->max ? field->max : UINT64_MAX, number;

	if (!parse_number(value, units, &number))
		return error_set(error_r, EINVAL, "\"%s\" is no %s would be right", value, right);
	if (number < field->min || number > max)
		return error_set(error_r, EINVAL,
				 "\"%s\" is out of range; %" PRIu64 " to %" PRIu64
				 "%s would be right",
				 value, field->min, max, units == time_units ? " ms" : "");
	*(uint64_t *)to = number;
	return 0;
}

static int parse_uint(const struct conf_field *field, const char *value,
		      const struct conf_section *owner, void *to, struct error *error_r)
{
	(void)owner;
	return parse_bounded(field, value, no_units, "number; digits", to, error_r);
}

static int parse_size(const struct conf_field *field, const char *value,
		      const struct conf_section *owner, void *to, struct error *error_r)
{
	(void)owner;
	return parse_bounded(field, value, size_units, "size; a number with B, k, M, G or T", to,
			     error_r);
}

static int parse_time(const struct conf_field *field, const char *value,
		      const struct conf_section *owner, void *to, struct error *error_r)
{
	(void)owner;
	return parse_bounded(field, value, time_units, "time; a number with ms, s, mins, h, d or w",
			     to, error_r);
}

static int parse_string(const struct conf_field *field, const char *value,
			const struct conf_section *owner, void *to, struct error *error_r)
{
	(void)field;
	*(const char **)to = arena_strdup(conf_arena(owner), value);
	return *(const char **)to ? 0 : error_set(error_r, ENOMEM, "out of memory");
}

static int parse_bool(const struct conf_field *field, const char *value,
		      const struct conf_section *owner, void *to, struct error *error_r)
{
	static const char *const words[] = {"yes", "no", "true", "false", "y", "n",
					    "1",   "0",	 "on",	 "off",	  NULL};

	(void)field;
	(void)owner;
	for (size_t i = 0; words[i]; i++) {
		if (strcasecmp(words[i], value) == 0) {
			*(bool *)to = i % 2 == 0;
			return 0;
		}
	}
	return error_set(error_r, EINVAL, "\"%s\" is neither yes nor no", value);
}

/* "a, b or c" */
static int words_error(const char *value, const char *const *words, struct error *error_r)
{
	char list[256] = "";
	size_t len = 0;

	for (size_t i = 0; words[i] && len < sizeof(list); i++)
		len += (size_t)snprintf(list + len, sizeof(list) - len, "%s%s",
					i == 0	       ? ""
					: words[i + 1] ? ", "
						       : " or ",
					words[i]);
	return error_set(error_r, EINVAL, "\"%s\" is unknown; %s would be right", value, list);
}

static int word_index(const char *const *words, const char *value, size_t len)
{
	for (int i = 0; words[i]; i++) {
		if (strlen(words[i]) == len && strncmp(words[i], value, len) == 0)
			return i;
	}
	return -1;
}

static int parse_enum(const struct conf_field *field, const char *value,
		      const struct conf_section *owner, void *to, struct error *error_r)
{
	int index = word_index(field->words, value, strlen(value));

	(void)owner;
	if (index < 0)
		return words_error(value, field->words, error_r);
	*(unsigned int *)to = (unsigned int)index;
	return 0;
}

static int parse_list(const struct conf_field *field, const char *value,
		      const struct conf_section *owner, void *to, struct error *error_r)
{
	static const char separators[] = " \t,";
	const char **list = arena_alloc(conf_arena(owner), (strlen(value) / 2 + 2) * sizeof(*list));
	size_t count = 0;

	if (!list)
		return error_set(error_r, ENOMEM, "out of memory");
	for (value += strspn(value, separators); *value != '\0';
	     value += strspn(value, separators)) {
		size_t len = strcspn(value, separators);
		char *word = arena_strndup(conf_arena(owner), value, len);

		if (!word)
			return error_set(error_r, ENOMEM, "out of memory");
		if (field->words && word_index(field->words, value, len) < 0)
			return words_error(word, field->words, error_r);
		list[count++] = word;
		value += len;
	}
	*(const char *const **)to = list;
	return 0;
}

int conf_value_parse(const struct conf_field *field, const char *value,
		     const struct conf_section *owner, void *to, struct error *error_r)
{
	static int (*const parse[CONF_TYPE_COUNT])(const struct conf_field *, const char *,
						   const struct conf_section *, void *,
						   struct error *) = {
		[CONF_STRING] = parse_string, [CONF_BOOL] = parse_bool, [CONF_UINT] = parse_uint,
		[CONF_SIZE] = parse_size,     [CONF_TIME] = parse_time, [CONF_ENUM] = parse_enum,
		[CONF_LIST] = parse_list,
	};
	int ret = field->check ? field->check(value, error_r) : 0;

	return ret < 0 ? ret : parse[field->type](field, value, owner, to, error_r);
}
