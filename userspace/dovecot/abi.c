/* SPDX-License-Identifier: MIT */
#include "dovecot/abi.h"

#include <ctype.h>
#include <string.h>

#define MARK "ABIv"

static bool number(struct slice text, size_t *at, uint16_t *value_r)
{
	size_t begin = *at;
	unsigned int value = 0;

	while (*at < text.len && isdigit((unsigned char)text.ptr[*at]) && *at - begin < 4)
		value = value * 10 + (unsigned int)(text.ptr[(*at)++] - '0');
	*value_r = (uint16_t)value;
	return *at > begin;
}

static bool word(struct slice text, size_t *at, const char *expected)
{
	size_t len = strlen(expected);

	if (text.len - *at < len || memcmp(text.ptr + *at, expected, len) != 0)
		return false;
	*at += len;
	return true;
}

/* A character of a packager's free text that no other kind of text in a library is made of. */
static bool tame(char c, const char *punctuation)
{
	return isalnum((unsigned char)c) || (c != '\0' && strchr(punctuation, c) != NULL);
}

static void skip_tame(struct slice text, size_t *at, const char *punctuation)
{
	while (*at < text.len && tame(text.ptr[*at], punctuation))
		(*at)++;
}

/* "(2.3.19.1 custom)": the release, as the packager calls it. */
static bool parenthesis(struct slice text, size_t *at)
{
	if (!word(text, at, "("))
		return true;
	skip_tame(text, at, ".+~-_: ");
	return word(text, at, ")");
}

/* "2.4", "2026" or "2.4.1": what stands before ".ABIv". */
static bool series(struct slice text, size_t *at, struct abi *abi)
{
	uint16_t ignored;

	if (!number(text, at, &abi->major))
		return false;
	if (word(text, at, "." MARK))
		return true;
	if (!word(text, at, ".") || !number(text, at, &abi->minor))
		return false;
	while (!word(text, at, "." MARK)) {
		if (!word(text, at, ".") || !number(text, at, &ignored))
			return false;
	}
	return true;
}

/* "5", "5.1" or "5+ubuntu": what stands behind it. */
static bool patch(struct slice text, size_t *at, struct abi *abi)
{
	if (!number(text, at, &abi->patch))
		return false;
	if (*at < text.len && text.ptr[*at] != '\0' && strchr(".+~-_", text.ptr[*at]))
		skip_tame(text, at, ".+~-_");
	return true;
}

bool abi_parse(struct slice text, struct abi *abi_r)
{
	struct abi abi = {0};

	if (!series(text, &abi.len, &abi) || !patch(text, &abi.len, &abi) ||
	    !parenthesis(text, &abi.len) || abi.len >= ABI_MAX)
		return false;
	*abi_r = abi;
	return true;
}

/* Where the string begins whose "ABIv" is at mark. */
static size_t string_begin(struct slice section, size_t mark)
{
	size_t begin = mark;

	while (begin > 0 && mark - begin < ABI_MAX && section.ptr[begin - 1] != '\0')
		begin--;
	return begin;
}

bool abi_find(struct slice section, size_t *at, struct abi *abi_r, struct slice *text_r)
{
	const char *mark;
	size_t begin;

	while (*at < section.len) {
		mark = memmem(section.ptr + *at, section.len - *at, MARK, strlen(MARK));
		if (!mark)
			return false;
		begin = string_begin(section, (size_t)(mark - section.ptr));
		*at = (size_t)(mark - section.ptr) + strlen(MARK);
		*text_r = (struct slice){section.ptr + begin, section.len - begin};
		if (abi_parse(*text_r, abi_r) && abi_r->len < text_r->len &&
		    text_r->ptr[abi_r->len] == '\0') {
			text_r->len = abi_r->len;
			return true;
		}
	}
	return false;
}
