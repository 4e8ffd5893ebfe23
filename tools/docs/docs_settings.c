/* SPDX-License-Identifier: MIT */
/* The settings of dovetap { } as tables in Markdown and as the commented file. */
#include <stdio.h>
#include <string.h>

#include "conf/dovetap.h"
#include "tools/docs/docs.h"

#define CONF_WIDTH 98

const char *docs_default(const struct conf_field *field)
{
	if (field->default_text)
		return field->default_text;
	return field->otherwise && field->otherwise[0] ? field->otherwise : NULL;
}

const char *docs_range(const struct conf_field *field)
{
	static const char *const types[CONF_TYPE_COUNT] = {
		[CONF_STRING] = "a text", [CONF_BOOL] = "`yes` or `no`", [CONF_UINT] = "a number",
		[CONF_SIZE] = "a size",	  [CONF_TIME] = "a time",	 [CONF_ENUM] = "a word",
		[CONF_LIST] = "a list",
	};
	static char list[256];
	size_t length = 0;

	if (field->range || !field->words)
		return field->range ? field->range : types[field->type];
	for (size_t i = 0; field->words[i] && length < sizeof(list); i++)
		length += (size_t)snprintf(list + length, sizeof(list) - length, "%s`%s`",
					   i == 0		 ? ""
					   : field->words[i + 1] ? ", "
								 : " or ",
					   field->words[i]);
	return list;
}

/* --- Markdown ------------------------------------------------------------------------------ */

/* A default of the table is what the file would have; one in words is none. */
static void print_default(const struct conf_field *field)
{
	const char *text = docs_default(field);

	if (text)
		printf(field->default_text ? "%s" : "`%s`", text);
}

static void print_row(const struct conf_field *field)
{
	printf("| `%s` | %s | ", field->name, docs_range(field));
	print_default(field);
	printf(" | %s", field->meaning);
	if (field->more)
		printf(" %s", field->more);
	if (field->see)
		printf(" See [%s](%s).", field->see, field->see);
	printf(" |\n");
}

void docs_settings_markdown(void)
{
	for (const struct conf_field *field = dovetap_fields(); field->name; field++) {
		if (field->group)
			printf("\n**%s**\n\n| setting | value | default | |\n|---|---|---|---|\n",
			       field->group);
		print_row(field);
	}
	printf("\n");
}

/* --- the file ------------------------------------------------------------------------------ */

/* Words of a comment, from column on; what is typed stands in quotes there. */
static size_t print_words(const char *text, size_t column)
{
	while (text && *text) {
		size_t length = strcspn(text, " ");

		if (column == 0 || column + 1 + length > CONF_WIDTH)
			column = (size_t)printf("%s  #", column > 0 ? "\n" : "") - (column > 0);
		column += (size_t)printf(" ");
		for (size_t i = 0; i < length; i++)
			column += (size_t)printf("%c", text[i] == '`' ? '"' : text[i]);
		text += length;
		text += *text == ' ';
	}
	return column;
}

static void print_comment(const struct conf_field *field)
{
	size_t column = print_words(field->more, print_words(field->meaning, 0));
	char text[512];

	if (field->range || field->words) {
		(void)snprintf(text, sizeof(text), "Value: %s.", docs_range(field));
		column = print_words(text, column);
	}
	if (field->default_text) {
		(void)snprintf(text, sizeof(text), "Default: %s.", field->default_text);
		print_words(text, column);
	}
	printf("\n");
}

static void print_value(const struct conf_field *field)
{
	const char *value = field->example;

	if (!value)
		value = field->otherwise ? field->otherwise : "";
	printf("  #%s = %s\n", field->name, value);
}

void docs_settings_conf(void)
{
	printf("\ndovetap {\n");
	for (const struct conf_field *field = dovetap_fields(); field->name; field++) {
		if (field->group)
			printf("%s  # --- %s\n\n", field == dovetap_fields() ? "" : "\n",
			       field->group);
		else
			printf("\n");
		print_comment(field);
		print_value(field);
	}
	printf("}\n");
}
