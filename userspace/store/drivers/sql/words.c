/* SPDX-License-Identifier: MIT */
#include "store/drivers/sql/words.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>

#include "conf/tree.h"

bool sql_words_next(const char **list, struct slice *key_r, struct slice *value_r)
{
	const char *word = *list + strspn(*list, " \t");
	size_t len = strcspn(word, " \t");
	const char *equals = len ? memchr(word, '=', len) : NULL;

	*list = word + len;
	*key_r = (struct slice){word, equals ? (size_t)(equals - word) : len};
	*value_r = (struct slice){0};
	if (equals)
		*value_r = (struct slice){equals + 1, len - key_r->len - 1};
	return len > 0;
}

static const struct conf_setting *find_long(const struct conf_section *section, const char *prefix,
					    const char *name)
{
	const struct conf_setting *setting, *found = NULL;
	size_t len = strlen(prefix);

	for (setting = section->settings; setting; setting = setting->next)
		if (strncmp(setting->key, prefix, len) == 0 &&
		    strcmp(setting->key + len, name) == 0)
			found = setting;
	return found;
}

const struct conf_setting *sql_words_find(const struct conf_section *filter, const char *prefix,
					  const char *name)
{
	const struct conf_setting *found = conf_setting_find(filter, name);

	for (; !found && filter; filter = filter->parent)
		found = find_long(filter, prefix, name);
	return found;
}

const struct conf_section *sql_words_filter(const struct conf_section *block, const char *type)
{
	const struct conf_section *found = NULL;

	for (; !found && block; block = block->parent)
		found = conf_section_find(block, type, NULL);
	return found;
}

static const struct {
	const char *unit;
	unsigned int msecs;
} units[] = {
	{"", 1000},	{"s", 1000},	 {"sec", 1000},	     {"secs", 1000},	{"second", 1000},
	{"ms", 1},	{"msec", 1},	 {"msecs", 1},	     {"seconds", 1000}, {"m", 60000},
	{"min", 60000}, {"mins", 60000}, {"minutes", 60000}, {"h", 3600000},	{"hour", 3600000},
};

bool sql_words_time(const char *text, unsigned int *msecs_r)
{
	unsigned long number;
	char *end;

	if (!isdigit((unsigned char)text[0]))
		return false;
	errno = 0;
	number = strtoul(text, &end, 10);
	end += strspn(end, " ");
	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++) {
		if (strcmp(end, units[i].unit) != 0)
			continue;
		if (errno != 0 || number > INT_MAX / units[i].msecs)
			return false;
		*msecs_r = (unsigned int)number * units[i].msecs;
		return true;
	}
	return false;
}
