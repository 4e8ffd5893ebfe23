/* SPDX-License-Identifier: MIT */
/* The settings of dovetap { } in mdoc(7). */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "conf/dovetap.h"
#include "tools/docs/docs.h"

/* The macro for what stands in backticks: a path, one word, or something literal. */
static const char *macro_of(const char *text, size_t length)
{
	if (*text == '/' && !memchr(text, ' ', length))
		return "Pa";
	for (size_t i = 0; i < length; i++) {
		if (!isalnum((unsigned char)text[i]) && !strchr("_.-", text[i]))
			return "Ql";
	}
	return "Cm";
}

/* "`word`," becomes ".Cm word ,". Returns what is behind it. */
static const char *print_typed(const char *text)
{
	size_t length = strcspn(text + 1, "`");
	const char *macro = macro_of(text + 1, length), *rest = text + length + 2;

	printf(".%s %s%.*s%s", macro, strcmp(macro, "Ql") == 0 ? "\"" : "", (int)length, text + 1,
	       strcmp(macro, "Ql") == 0 ? "\"" : "");
	while (*rest && strchr(".,;:)", *rest))
		printf(" %c", *rest++);
	printf("\n");
	return rest + strspn(rest, " ");
}

static const char *print_plain(const char *text)
{
	size_t length = strcspn(text, "`");
	const char *end = text;

	/* a sentence a line */
	for (; end < text + length; end++) {
		if (strchr(".:", *end) && end[1] == ' ' && isupper((unsigned char)end[2]))
			break;
	}
	length = (size_t)(end - text) + (end < text + length);
	while (length > 0 && text[length - 1] == ' ')
		length--;
	printf("%.*s\n", (int)length, text);
	text += length;
	return text + strspn(text, " ");
}

static void print_text(const char *text)
{
	while (text && *text)
		text = *text == '`' ? print_typed(text) : print_plain(text);
}

static void print_range(const struct conf_field *field)
{
	char sentence[512];

	if (!field->range && !field->words)
		return;
	(void)snprintf(sentence, sizeof(sentence), "Value: %s.", docs_range(field));
	print_text(sentence);
}

static void print_default(const struct conf_field *field)
{
	char sentence[256];

	if (!docs_default(field))
		return;
	(void)snprintf(sentence, sizeof(sentence),
		       field->default_text ? "Default: %s." : "Default: `%s`.",
		       docs_default(field));
	print_text(sentence);
}

void docs_settings_man(void)
{
	for (const struct conf_field *field = dovetap_fields(); field->name; field++) {
		printf(".It Cm %s\n", field->name);
		print_text(field->meaning);
		print_range(field);
		print_text(field->more);
		print_default(field);
		if (field->see)
			printf("See\n.Pa docs/%s .\n", field->see);
	}
}
