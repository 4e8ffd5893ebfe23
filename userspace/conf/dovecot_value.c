/* SPDX-License-Identifier: MIT */
#include "conf/dovecot_value.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* Dovecot keeps times in an unsigned int, of seconds or of milliseconds. */
#define MOST UINT_MAX

/* Each may be cut short to its first letter; of two that begin alike the first one counts. */
static const struct {
	const char *name;
	int64_t msecs;
} units[] = {
	{"secs", 1000},	    {"seconds", 1000},	{"mins", 60000},      {"minutes", 60000},
	{"msecs", 1},	    {"mseconds", 1},	{"millisecs", 1},     {"milliseconds", 1},
	{"hours", 3600000}, {"days", 86400000}, {"weeks", 604800000},
};

static bool parse_digits(const char *text, uint64_t *number_r, const char **end_r)
{
	char *end;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	*number_r = strtoull(text, &end, 10);
	*end_r = end + strspn(end, " ");
	return errno == 0;
}

/* 0: no such unit. */
static int64_t unit_find(const char *word)
{
	size_t len = strlen(word);

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]) && len > 0; i++) {
		if (strncasecmp(units[i].name, word, len) == 0)
			return units[i].msecs;
	}
	return 0;
}

static bool is_infinite(const char *text)
{
	return strcmp(text, "infinite") == 0 || strcmp(text, "unlimited") == 0;
}

static int invalid(const char *text, struct error *error_r)
{
	return error_set(error_r, EINVAL, "Invalid time interval: %s", text);
}

int dovecot_interval_parse(const char *text, bool whole_secs, int64_t *msecs_r,
			   struct error *error_r)
{
	uint64_t number;
	int64_t unit, step = whole_secs ? 1000 : 1;
	const char *end;

	if (is_infinite(text)) {
		*msecs_r = DOVECOT_INFINITE;
		return 0;
	}
	if (!parse_digits(text, &number, &end))
		return invalid(text, error_r);
	unit = *end == '\0' && number == 0 ? 1 : unit_find(end);
	if (unit == 0 && *end == '\0')
		return error_set(error_r, EINVAL,
				 "Time interval '%s' is missing units (add e.g. 's' for seconds)",
				 text);
	if (unit == 0)
		return invalid(text, error_r);
	if (unit % step != 0 && number % (uint64_t)step != 0)
		return error_set(error_r, EINVAL, "Milliseconds not supported for this setting: %s",
				 text);
	if (number > (uint64_t)(MOST * step) / (uint64_t)unit)
		return error_set(error_r, EINVAL, "Time interval is too large: %s", text);
	*msecs_r = (int64_t)number * unit;
	return 0;
}

bool dovecot_size_parse(const char *text, uint64_t *bytes_r)
{
	static const char letters[] = "KMGT";
	unsigned int shift = 0;
	const char *end, *letter;
	uint64_t number;

	if (is_infinite(text)) {
		*bytes_r = UINT64_MAX;
		return true;
	}
	if (!parse_digits(text, &number, &end))
		return false;
	letter = *end ? strchr(letters, *end & ~0x20) : NULL;
	if (letter) {
		shift = 10 * (unsigned int)(letter - letters + 1);
		end++;
		end += (*end | 0x20) == 'i';
	}
	end += (*end | 0x20) == 'b';
	if (*end != '\0' || number > UINT64_MAX >> shift)
		return false;
	*bytes_r = number << shift;
	return true;
}

bool dovecot_bool_parse(const char *text, bool *value_r)
{
	bool yes = strcasecmp(text, "yes") == 0 || strcasecmp(text, "y") == 0 ||
		   strcmp(text, "1") == 0;

	if (!yes && strcasecmp(text, "no") != 0)
		return false;
	*value_r = yes;
	return true;
}
