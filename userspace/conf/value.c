/* SPDX-License-Identifier: MIT */
/* The types of settings.h: texts into values. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "conf/arena.h"
#include "conf/dovecot_value.h"
#include "conf/settings.h"

static int check_bounds(const struct conf_field *field, const char *value, uint64_t number,
			const char *unit, void *to, struct error *error_r)
{
	uint64_t max = field->max ? field->max : UINT64_MAX;

	if (number < field->min || number > max)
		return error_set(error_r, EINVAL,
				 "\"%s\" is out of range; %" PRIu64 " to %" PRIu64
				 "%s would be right",
				 value, field->min, max, unit);
	*(uint64_t *)to = number;
	return 0;
}

static int parse_uint(const struct conf_field *field, const char *value,
		      const struct conf_section *owner, void *to, struct error *error_r)
{
	size_t len = strspn(value, "0123456789");
	uint64_t number;

	(void)owner;
	errno = 0;
	number = strtoull(value, NULL, 10);
	if (len == 0 || value[len] != '\0' || errno != 0)
		return error_set(error_r, EINVAL, "\"%s\" is no number; digits would be right",
				 value);
	return check_bounds(field, value, number, "", to, error_r);
}

static int parse_size(const struct conf_field *field, const char *value,
		      const struct conf_section *owner, void *to, struct error *error_r)
{
	uint64_t bytes;

	(void)owner;
	if (!dovecot_size_parse(value, &bytes))
		return error_set(error_r, EINVAL,
				 "\"%s\" is no size; a number with B, k, M, G or T would be right",
				 value);
	return check_bounds(field, value, bytes, "", to, error_r);
}

static int parse_time(const struct conf_field *field, const char *value,
		      const struct conf_section *owner, void *to, struct error *error_r)
{
	int64_t msecs;

	(void)owner;
	/* Seconds reach further, milliseconds are finer: ours are both. */
	if (dovecot_interval_parse(value, true, &msecs, error_r) < 0 &&
	    dovecot_interval_parse(value, false, &msecs, error_r) < 0)
		return error_set(error_r, EINVAL,
				 "\"%s\" is no time; a number with ms, s, mins, h, d or w would be "
				 "right",
				 value);
	return check_bounds(field, value, (uint64_t)msecs, " ms", to, error_r);
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
