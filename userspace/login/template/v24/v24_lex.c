/* SPDX-License-Identifier: MIT */
/* The text inside "%{" and "}" as tokens. */
#include "login/template/dovecot_utf8.h"
#include "login/template/functions.h"
#include "login/template/v24/v24.h"

static const struct {
	char byte;
	enum v24_token_kind kind;
} single_bytes[] = {
	{'}', V24_CLOSE},    {'|', V24_PIPE},	  {'(', V24_OPEN},     {')', V24_SHUT},
	{',', V24_COMMA},    {'=', V24_EQUALS},	  {'+', V24_OPERATOR}, {'-', V24_OPERATOR},
	{'*', V24_OPERATOR}, {'/', V24_OPERATOR}, {'%', V24_OPERATOR},
};

static bool is_name_start(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c >= 0x80;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_name_byte(char c)
{
	return is_name_start((unsigned char)c) || is_digit(c) ||
	       (c != '\0' && strchr("_/;:.-", c) != NULL);
}

static int take_run(struct compiler *compiler, const char **text, bool (*belongs)(char c),
		    const char **run_r)
{
	const char *start = *text;

	while (belongs(**text))
		++*text;
	if (!utf8_is_valid(start, (size_t)(*text - start)))
		return compiler_refuse(compiler, "a name is not UTF-8");
	*run_r = pool_strndup(compiler->pool, start, (size_t)(*text - start));
	return *run_r ? 0 : compiler_no_memory(compiler);
}

static int hex_digit(char c)
{
	if (is_digit(c))
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* One to three digits, read as octal. */
static int parse_octal(const char **text)
{
	int value = 0;

	for (int i = 0; i < 3 && is_digit(**text); i++, ++*text) {
		if (**text > '7')
			return -1;
		value = value * 8 + (**text - '0');
	}
	return value <= 255 ? value : -1;
}

/* What stands behind a backslash: the byte that it means, or -1. */
static int parse_escape(const char **text)
{
	static const char letters[] = "trn\"'\\", bytes[] = "\t\r\n\"'\\";
	const char *letter;
	char c = **text;
	int value;

	if (is_digit(c))
		return parse_octal(text);
	if (c == 'x' && hex_digit((*text)[1]) >= 0 && hex_digit((*text)[2]) >= 0) {
		value = hex_digit((*text)[1]) * 16 + hex_digit((*text)[2]);
		*text += 3;
		return value;
	}
	letter = c != '\0' ? strchr(letters, c) : NULL;
	++*text;
	return letter ? bytes[letter - letters] : -1;
}

/* A text ends at a NUL that an escape brings in, as Dovecot's own strings do. */
static int take_quoted(struct compiler *compiler, const char **text, const char **quoted_r)
{
	char quote = *(*text)++;
	const char *start = *text;
	char *quoted = pool_alloc(compiler->pool, strlen(start) + 1);
	size_t len = 0;
	int byte;

	if (!quoted)
		return compiler_no_memory(compiler);
	while (**text != '\0' && **text != quote) {
		byte = (unsigned char)*(*text)++;
		if (byte == '\\') {
			byte = **text != '\0' ? parse_escape(text) : -1;
			if (byte < 0)
				return compiler_refuse(
					compiler, "a backslash in quotes stands before \\ \" ' "
						  "t r n xHH or octal digits");
		}
		/* UNSAFE: an escape is longer than the byte that it makes. */
		quoted[len++] = (char)byte;
	}
	if (**text == '\0')
		return compiler_refuse(compiler, "a quote is not closed");
	if (!utf8_is_valid(start, (size_t)(*text - start)))
		return compiler_refuse(compiler, "a text in quotes is not UTF-8");
	++*text;
	*quoted_r = quoted;
	return 0;
}

static bool digit_belongs(char c)
{
	return is_digit(c);
}

static int take_number(struct compiler *compiler, const char **text, struct v24_token *token)
{
	const char *digits = "";
	int ret;

	token->kind = V24_NUMBER;
	ret = take_run(compiler, text, digit_belongs, &digits);
	if (ret == 0 && !text_to_number(digits, &token->number))
		return compiler_refuse(compiler, "the number %s is too large", digits);
	return ret;
}

static int take_single(struct compiler *compiler, const char **text, struct v24_token *token)
{
	char c = **text;

	for (size_t i = 0; i < sizeof(single_bytes) / sizeof(single_bytes[0]); i++) {
		if (single_bytes[i].byte != c)
			continue;
		++*text;
		token->kind = single_bytes[i].kind;
		token->number = (unsigned char)c;
		return 0;
	}
	if (c == '\0')
		return compiler_refuse(compiler, "\"%%{\" without its \"}\"");
	return compiler_refuse(
		compiler, "'%.10s' is not expected inside %%{...}; text belongs in quotes", *text);
}

int v24_next_token(struct compiler *compiler, const char **text, struct v24_token *token_r)
{
	*text += strspn(*text, " \t");
	*token_r = (struct v24_token){.start = *text};
	if (is_name_start((unsigned char)**text)) {
		token_r->kind = V24_NAME;
		return take_run(compiler, text, is_name_byte, &token_r->text);
	}
	if (is_digit(**text))
		return take_number(compiler, text, token_r);
	if (**text == '"' || **text == '\'') {
		token_r->kind = V24_TEXT;
		return take_quoted(compiler, text, &token_r->text);
	}
	return take_single(compiler, text, token_r);
}

int v24_since(const struct compiler *compiler)
{
	const char *version = compiler->env.dovecot_version;
	int minor;

	return version && sscanf(version, "2.4.%2d", &minor) == 1 ? minor : V24_NEWEST;
}
