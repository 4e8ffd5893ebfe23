/* SPDX-License-Identifier: MIT */
#include "store/drivers/sql/words.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "conf/dovecot_value.h"
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

bool sql_words_time(const char *text, unsigned int *msecs_r)
{
	size_t digits = strspn(text, "0123456789");
	char secs[32];
	int64_t msecs;

	if (digits > 0 && text[digits] == '\0') {
		snprintf(secs, sizeof(secs), "%.16ss", text);
		text = secs;
	}
	if (dovecot_interval_parse(text, false, &msecs, NULL) < 0)
		return false;
	*msecs_r = msecs < INT_MAX ? (unsigned int)msecs : INT_MAX;
	return true;
}
