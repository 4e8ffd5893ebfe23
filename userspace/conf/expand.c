/* SPDX-License-Identifier: MIT */
#include "conf/expand.h"

#include <stdlib.h>
#include <string.h>

/* "mail_plugins { a = yes }" reads as "a" where the list is asked for as text. */
static int append_list(struct buf *out, const struct conf_section *list)
{
	const struct conf_setting *setting;

	for (setting = list->settings; setting; setting = setting->next) {
		if (strcmp(setting->value, "no") == 0)
			continue;
		if (out->len > 0 && out->data[out->len - 1] != ' ')
			buf_append_char(out, ' ');
		buf_append_str(out, setting->key);
	}
	return out->failed;
}

/* The block of the same type and name that stands before this one, in the same place. */
static const struct conf_section *block_before(const struct conf_section *block)
{
	const struct conf_section *before = NULL, *other;

	if (!block->parent)
		return NULL;
	other = conf_section_find(block->parent, block->type, block->name);
	for (; other && other != block; other = conf_section_next(other, block->type, block->name))
		before = other;
	return before;
}

/* 1 when the block itself has it. */
static int append_from_block(struct buf *out, const struct conf_section *block, const char *name)
{
	const struct conf_setting *setting = conf_setting_find(block, name);
	const struct conf_section *list = conf_section_find(block, name, "");

	if (list && (!setting || list->order > setting->order))
		(void)append_list(out, list);
	else if (setting)
		(void)buf_append_str(out, setting->value);
	return setting || list;
}

/* Dovecot merges a repeated block with the first: settings of the first stay valid, and hide those
 * that were set outside since. */
static int append_setting(struct buf *out, const struct conf_section *section, const char *name)
{
	const struct conf_section *block;

	for (; section; section = section->parent) {
		for (block = section; block; block = block_before(block)) {
			if (append_from_block(out, block, name))
				return out->failed;
		}
	}
	return 0;
}

#define ON(dollar) (1U << (dollar))

static const struct variable {
	const char *prefix;
	bool environment;
	unsigned int known; /* ON() */
} variables[] = {
	{"$ENV:", true, ON(CONF_DOLLAR_V23) | ON(CONF_DOLLAR_V24) | ON(CONF_DOLLAR_ENV_ONLY)},
	{"$SET:", false, ON(CONF_DOLLAR_V23) | ON(CONF_DOLLAR_V24)},
	{"$", false, ON(CONF_DOLLAR_V23)},
};

static const struct variable *variable_of(const char *word, size_t len, enum conf_dollar dollar)
{
	for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++) {
		size_t skip = strlen(variables[i].prefix);

		if (len > skip && memcmp(word, variables[i].prefix, skip) == 0 &&
		    variables[i].known & ON(dollar))
			return &variables[i];
	}
	return NULL;
}

static int append_word(struct buf *out, const struct conf_section *section, enum conf_dollar dollar,
		       const char *word, size_t len)
{
	const struct variable *variable = variable_of(word, len, dollar);
	char name[128];
	size_t skip;

	if (!variable)
		return buf_append(out, word, len);
	skip = strlen(variable->prefix);
	if (len - skip >= sizeof(name))
		return buf_append(out, word, len);
	memcpy(name, word + skip, len - skip);
	name[len - skip] = '\0';
	if (!variable->environment)
		return append_setting(out, section, name);
	return getenv(name) ? buf_append_str(out, getenv(name)) : 0;
}

int conf_expand(struct buf *out, const struct conf_section *section, enum conf_dollar dollar,
		const char *value)
{
	if (!strchr(value, '$'))
		return buf_append_str(out, value);
	while (*value != '\0') {
		size_t len = strcspn(value, " \t");

		append_word(out, section, dollar, value, len);
		value += len;
		if (*value != '\0')
			buf_append_char(out, ' '); /* Dovecot, too, keeps one blank only */
		value += strspn(value, " \t");
	}
	return out->failed;
}
