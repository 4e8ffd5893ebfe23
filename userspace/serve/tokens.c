/* SPDX-License-Identifier: MIT */
#include "serve/tokens.h"

#include <ctype.h>
#include <errno.h>
#include <gnutls/crypto.h>
#include <string.h>
#include <strings.h>

static const char hashed[] = "sha256:", bearer[] = "Bearer ";

static int hash(struct slice token, unsigned char hash_r[TOKEN_HASH])
{
	return gnutls_hash_fast(GNUTLS_DIG_SHA256, token.ptr, token.len, hash_r) < 0 ? -EIO : 0;
}

/* -1: it is none. */
static int digit(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = c ? strchr(digits, tolower((unsigned char)c)) : NULL;

	return at ? (int)(at - digits) : -1;
}

static int parse_hash(struct slice hex, unsigned char hash_r[TOKEN_HASH])
{
	if (hex.len != 2UL * TOKEN_HASH)
		return -EINVAL;
	for (size_t i = 0; i < TOKEN_HASH; i++) {
		int high = digit(hex.ptr[2 * i]), low = digit(hex.ptr[2 * i + 1]);

		if (high < 0 || low < 0)
			return -EINVAL;
		hash_r[i] = (unsigned char)(high << 4 | low);
	}
	return 0;
}

/* What can stand in a header, RFC 6750, section 2.1, and nothing that nobody could send. */
static bool is_token(struct slice token)
{
	static const char others[] = {'-', '.', '_', '~', '+', '/', '='};

	for (size_t i = 0; i < token.len; i++) {
		if (!isalnum((unsigned char)token.ptr[i]) &&
		    !memchr(others, token.ptr[i], sizeof(others)))
			return false;
	}
	return token.len >= TOKEN_LENGTH_MIN;
}

static int parse_line(struct slice line, unsigned char hash_r[TOKEN_HASH], struct error *error_r)
{
	const size_t len = sizeof(hashed) - 1;

	if (line.len >= len && memcmp(line.ptr, hashed, len) == 0) {
		if (parse_hash((struct slice){line.ptr + len, line.len - len}, hash_r) == 0)
			return 0;
		return error_set(error_r, EINVAL, "64 hexadecimal digits are wanted behind %s",
				 hashed);
	}
	if (!is_token(line))
		return error_set(error_r, EINVAL,
				 "no token: %d or more of letters, digits and -._~+/= are wanted",
				 TOKEN_LENGTH_MIN);
	return hash(line, hash_r) < 0 ? error_set(error_r, EIO, "no SHA-256") : 0;
}

/* Without its newline and the blanks around it. */
static struct slice next_line(struct slice *text)
{
	const char *end = memchr(text->ptr, '\n', text->len);
	struct slice line = {text->ptr, end ? (size_t)(end - text->ptr) : text->len};
	size_t taken = line.len + (end != NULL);

	*text = (struct slice){text->ptr + taken, text->len - taken};
	while (line.len > 0 && isspace((unsigned char)line.ptr[line.len - 1]))
		line.len--;
	while (line.len > 0 && isspace((unsigned char)*line.ptr))
		line = (struct slice){line.ptr + 1, line.len - 1};
	return line;
}

int tokens_parse(struct slice text, struct tokens *tokens_r, struct error *error_r)
{
	int ret;

	*tokens_r = (struct tokens){.count = 0};
	for (unsigned int number = 1; text.len > 0; number++) {
		struct slice line = next_line(&text);

		if (line.len == 0 || *line.ptr == '#')
			continue;
		if (tokens_r->count == TOKENS_MAX)
			return error_set(error_r, EINVAL, "line %u: there are at most %d tokens",
					 number, TOKENS_MAX);
		ret = parse_line(line, tokens_r->hashes[tokens_r->count++], error_r);
		if (ret < 0) {
			(void)error_prefix(error_r, "line %u", number);
			return ret;
		}
	}
	return tokens_r->count > 0 ? 0 : error_set(error_r, EINVAL, "there is no token in it");
}

bool tokens_accept(const struct tokens *tokens, const char *authorization)
{
	unsigned char given[TOKEN_HASH];
	unsigned int equal = 0;

	if (!authorization || strncasecmp(authorization, bearer, sizeof(bearer) - 1) != 0 ||
	    hash(slice_str(authorization + sizeof(bearer) - 1), given) < 0)
		return false;
	for (size_t i = 0; i < tokens->count; i++)
		equal |= gnutls_memcmp(tokens->hashes[i], given, TOKEN_HASH) == 0;
	return equal != 0;
}
