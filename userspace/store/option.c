/* SPDX-License-Identifier: MIT */
#include "store/option.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "conf/dovecot_value.h"
#include "conf/tree.h"

static void *at(void *settings, const struct option *option)
{
	return (char *)settings + option->offset;
}

static int invalid(const struct option *option, const char *value, struct error *error_r)
{
	const char *name = option->uri ? option->uri : option->block;
	const char *shown = option->type == OPTION_SECRET ? "(hidden)" : value;

	if (option->invalid)
		return error_set(error_r, EINVAL, "%s: %s (expected %s)", option->invalid, shown,
				 option->expected);
	return error_set(error_r, EINVAL, "Invalid %s: %s", name, shown);
}

/* All digits of that base, without sign or blanks. */
static bool parse_number(const char *text, int64_t *number_r, const char **end_r)
{
	char *end;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	*number_r = strtoll(text, &end, 10);
	*end_r = end;
	return errno == 0;
}

static int set_number(const struct option *option, void *settings, const char *value,
		      struct error *error_r)
{
	const char *end;
	int64_t number;

	if (!parse_number(value, &number, &end) || *end || number < option->min ||
	    number > option->max)
		return invalid(option, value, error_r);
	*(int64_t *)at(settings, option) = number;
	return 0;
}

static int set_string(const struct option *option, void *settings, const char *value,
		      struct error *error_r)
{
	char **field = at(settings, option), *copy = strdup(value);

	if (!copy)
		return error_set(error_r, ENOMEM, "out of memory");
	free(*field);
	*field = copy;
	return 0;
}

static int set(const struct option *option, void *settings, const char *value,
	       struct error *error_r)
{
	switch (option->type) {
	case OPTION_STRING:
	case OPTION_SECRET:
	case OPTION_HOSTS:
		return set_string(option, settings, value, error_r);
	case OPTION_FLAG:
		*(bool *)at(settings, option) = true;
		return 0;
	case OPTION_NUMBER:
	case OPTION_SECS:
	case OPTION_MSECS:
		break;
	}
	return set_number(option, settings, value, error_r);
}

int option_defaults(const struct option *table, void *settings, struct error *error_r)
{
	int ret = 0;

	for (; ret == 0 && (table->uri || table->block); table++) {
		if (table->fallback)
			ret = set(table, settings, table->fallback, error_r);
	}
	return ret;
}

void option_release(const struct option *table, void *settings)
{
	for (; table->uri || table->block; table++) {
		if (table->type != OPTION_STRING && table->type != OPTION_SECRET &&
		    table->type != OPTION_HOSTS)
			continue;
		free(*(char **)at(settings, table));
		*(char **)at(settings, table) = NULL;
	}
}

/* --- URI ----------------------------------------------------------------------------------- */

/* Is this ":" followed by a port, rather than by the next option? None begins with a digit. */
static bool is_port(const char *colon)
{
	size_t digits = strspn(colon + 1, "0123456789");

	return digits > 0 && strchr(":, ", colon[1 + digits]);
}

static size_t hosts_len(const char *text)
{
	size_t len = 0;

	while (text[len] != '\0' && (text[len] != ':' || is_port(text + len))) {
		len += text[len] == '[' ? strcspn(text + len, "]") : 0;
		len += text[len] != '\0';
	}
	return len;
}

static bool is_hosts(const struct option *table, const char *text, size_t name)
{
	for (; table->uri || table->block; table++) {
		if (table->type == OPTION_HOSTS && table->uri && strlen(table->uri) == name &&
		    strncmp(table->uri, text, name) == 0)
			return true;
	}
	return false;
}

/* Up to the ":" or NUL; a value in brackets, which Dovecot does not know, may hold colons. */
static size_t argument_len(const struct option *table, const char *text, bool strict)
{
	size_t name = strcspn(text, ":="), skip = 0;

	if (!strict && text[name] == '=' && is_hosts(table, text, name))
		return name + hosts_len(text + name);
	if (!strict && text[name] == '=' && text[name + 1] == '[')
		skip = strcspn(text, "]");
	return skip + strcspn(text + skip, ":");
}

/* The value of the option in this argument, or NULL when it is another's. */
static const char *match_uri(const struct option *option, const char *argument, bool strict)
{
	size_t len;

	if (!option->uri || (strict && option->extension))
		return NULL;
	len = strlen(option->uri);
	if (strncmp(argument, option->uri, len) != 0)
		return NULL;
	if (option->type == OPTION_FLAG)
		return argument[len] == '\0' ? argument + len : NULL;
	return argument[len] == '=' ? argument + len + 1 : NULL;
}

/* Dovecot prints the whole argument. One that looks like a misspelt password, or like the rest of
 * a password with a ":" in it, must not get into a log. */
static int unknown(const struct option *last, const char *words, const char *argument,
		   struct error *error_r)
{
	size_t name = strcspn(argument, "=");

	if (last && last->type == OPTION_SECRET && argument[name] == '\0')
		return error_set(error_r, EINVAL,
				 "Unknown parameter: (hidden: a part of %s=, whose value cannot "
				 "contain a \":\")",
				 last->uri);
	if (strcasestr(argument, "pass") || strcasestr(argument, "secret"))
		return error_set(error_r, EINVAL, "Unknown parameter: %.*s=(hidden)", (int)name,
				 argument);
	if (words)
		return error_set(error_r, EINVAL, "%s '%s'", words, argument);
	return error_set(error_r, EINVAL, "Unknown parameter: %s", argument);
}

static const struct option *end_of(const struct option *table)
{
	while (table->uri || table->block)
		table++;
	return table;
}

static const struct option *find_uri(const struct option *table, const char *argument, bool strict,
				     const char **value_r)
{
	for (; table->uri || table->block; table++) {
		*value_r = match_uri(table, argument, strict);
		if (*value_r)
			return table;
	}
	return NULL;
}

int option_from_uri(const struct option *table, void *settings, const char *rest, bool strict,
		    struct error *error_r)
{
	const struct option *option = NULL, *last;
	const char *value;
	int ret = 0;

	if (*rest == '\0')
		return 0;
	for (bool more = true; more && ret == 0;) {
		size_t len = argument_len(table, rest, strict);
		char *argument = strndup(rest, len);

		if (!argument)
			return error_set(error_r, ENOMEM, "out of memory");
		last = option;
		option = find_uri(table, argument, strict, &value);
		ret = option ? set(option, settings, value, error_r)
			     : unknown(last, end_of(table)->invalid, argument, error_r);
		free(argument);
		more = rest[len] == ':';
		rest += len + more;
	}
	return ret;
}

/* --- block --------------------------------------------------------------------------------- */

/* 0 means none where an option has nothing else for it: "redis_expire = 0". */
static int set_interval(const struct option *option, void *settings, const char *value,
			struct error *error_r)
{
	int64_t msecs, unit = option->type == OPTION_SECS ? 1000 : 1;
	int ret = dovecot_interval_parse(value, option->type == OPTION_SECS, &msecs, error_r);

	if (ret < 0)
		return ret;
	if (msecs == DOVECOT_INFINITE)
		msecs = option->max < INT64_MAX / unit ? option->max * unit : msecs;
	if ((msecs != 0 || option->fallback) && msecs / unit < option->min)
		return invalid(option, value, error_r);
	if (msecs / unit > option->max)
		return invalid(option, value, error_r);
	*(int64_t *)at(settings, option) = msecs / unit;
	return 0;
}

static int set_flag(const struct option *option, void *settings, const char *value,
		    struct error *error_r)
{
	if (dovecot_bool_parse(value, (bool *)at(settings, option)))
		return 0;
	return error_set(error_r, EINVAL, "%s: Invalid boolean value: %s (use yes or no)",
			 option->block, value);
}

static int set_from_block(const struct option *option, void *settings, const char *value,
			  struct error *error_r)
{
	switch (option->type) {
	case OPTION_FLAG:
		return set_flag(option, settings, value, error_r);
	case OPTION_SECS:
	case OPTION_MSECS:
		return set_interval(option, settings, value, error_r);
	case OPTION_STRING:
	case OPTION_SECRET:
	case OPTION_HOSTS:
	case OPTION_NUMBER:
		break;
	}
	return set(option, settings, value, error_r);
}

/* What dict.c has seen to: which driver it is. */
static bool is_name_of_block(const char *key)
{
	static const char *const names[] = {"driver",	 "dict_driver", "dict_name",
					    "fs_driver", "fs_name",	NULL};
	const char *const *name = names;

	while (*name && strcmp(*name, key) != 0)
		name++;
	return *name != NULL;
}

/* "dict_file_path" may be written "path" inside its block, where the table has a second row with
 * the short name; "driver" belongs to dict.c. */
static const struct option *find_block(const struct option *table, const char *key)
{
	for (; table->uri || table->block; table++) {
		if (table->block && strcmp(table->block, key) == 0)
			return table;
	}
	return NULL;
}

int option_from_block(const struct option *table, void *settings, const struct conf_section *block,
		      struct error *error_r)
{
	int ret = 0;

	for (const struct conf_setting *s = block->settings; s && ret == 0; s = s->next) {
		const struct option *option = find_block(table, s->key);

		if (!option && is_name_of_block(s->key))
			continue;
		ret = option ? set_from_block(option, settings, s->value, error_r)
			     : error_set(error_r, EINVAL, "Unknown setting: %s", s->key);
		if (ret < 0)
			error_prefix(error_r, "%s:%u", s->pos.file, s->pos.line);
	}
	return ret;
}
