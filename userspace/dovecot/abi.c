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

/* The release in parentheses is free text of the packager, but of a tame kind. */
static bool parenthesis(struct slice text, size_t *at)
{
	if (!word(text, at, "("))
		return true;
	while (*at < text.len && (isalnum((unsigned char)text.ptr[*at]) ||
				  (text.ptr[*at] != '\0' && strchr(".+~-_", text.ptr[*at]))))
		(*at)++;
	return word(text, at, ")");
}

bool abi_parse(struct slice text, struct abi *abi_r)
{
	struct abi abi = {0};

	if (!number(text, &abi.len, &abi.major) || !word(text, &abi.len, ".") ||
	    !number(text, &abi.len, &abi.minor) || !word(text, &abi.len, "." MARK) ||
	    !number(text, &abi.len, &abi.patch) || !parenthesis(text, &abi.len))
		return false;
	if (abi.len >= ABI_MAX)
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
