/* SPDX-License-Identifier: MIT */
#include "store/drivers/memcache_proto.h"

#include <errno.h>

static const struct {
	const char *word;
	enum memcache_reply_type type;
} words[] = {
	{"END", MEMCACHE_END},
	{"STORED", MEMCACHE_STORED},
	{"DELETED", MEMCACHE_DELETED},
	{"STAT ", MEMCACHE_STAT},
	{"NOT_STORED", MEMCACHE_NOT_STORED},
	{"EXISTS", MEMCACHE_NOT_STORED},
	{"NOT_FOUND", MEMCACHE_NOT_STORED},
	{"CLIENT_ERROR", MEMCACHE_REFUSED},
	{"SERVER_ERROR object too large", MEMCACHE_REFUSED},
	{"SERVER_ERROR", MEMCACHE_FAILED},
	{"ERROR", MEMCACHE_FAILED},
	{"VERSION", MEMCACHE_END},
};

static bool begins_with(struct slice line, const char *word)
{
	size_t len = strlen(word);

	return line.len >= len && memcmp(line.ptr, word, len) == 0;
}

/* Cuts the word off the front of line, and one blank behind it. */
static struct slice next_word(struct slice *line)
{
	const char *blank = line->len > 0 ? memchr(line->ptr, ' ', line->len) : NULL;
	struct slice word = {line->ptr, blank ? (size_t)(blank - line->ptr) : line->len};
	size_t used = word.len + (blank != NULL);

	line->ptr += used;
	line->len -= used;
	return word;
}

static bool parse_number(struct slice word, uint64_t *number_r)
{
	uint64_t number = 0;

	for (size_t i = 0; i < word.len; i++) {
		if (word.ptr[i] < '0' || word.ptr[i] > '9' ||
		    __builtin_mul_overflow(number, 10, &number) ||
		    __builtin_add_overflow(number, (uint64_t)(word.ptr[i] - '0'), &number))
			return false;
	}
	*number_r = number;
	return word.len > 0;
}

/* "VALUE key flags bytes [cas]" and the bytes. UNSAFE: rest is what follows the line. */
static ssize_t parse_value(struct slice line, struct slice rest, struct memcache_reply *reply)
{
	struct slice words_left = line, cas;
	uint64_t flags, bytes;

	(void)next_word(&words_left);
	(void)next_word(&words_left);
	if (!parse_number(next_word(&words_left), &flags) ||
	    !parse_number(next_word(&words_left), &bytes))
		return -EPROTO;
	cas = next_word(&words_left);
	reply->cas = 0;
	if (cas.len > 0 && !parse_number(cas, &reply->cas))
		return -EPROTO;
	if (rest.len < 2 || bytes > rest.len - 2)
		return bytes > INT32_MAX ? -EPROTO : 0;
	if (memcmp(rest.ptr + bytes, "\r\n", 2) != 0)
		return -EPROTO;
	reply->value = (struct slice){rest.ptr, bytes};
	return (ssize_t)(line.len + 2 + bytes + 2);
}

ssize_t memcache_parse(struct slice text, struct memcache_reply *reply_r)
{
	const char *end = text.len > 0 ? memmem(text.ptr, text.len, "\r\n", 2) : NULL;
	struct slice line;

	if (!end)
		return text.len > MEMCACHE_LINE_MAX ? -EPROTO : 0;
	line = (struct slice){text.ptr, (size_t)(end - text.ptr)};
	reply_r->line = line;
	if (begins_with(line, "VALUE ")) {
		reply_r->type = MEMCACHE_VALUE;
		return parse_value(line, (struct slice){end + 2, text.len - line.len - 2}, reply_r);
	}
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (!begins_with(line, words[i].word))
			continue;
		reply_r->type = words[i].type;
		return (ssize_t)line.len + 2;
	}
	return -EPROTO;
}

bool memcache_key_ok(struct slice key)
{
	for (size_t i = 0; i < key.len; i++) {
		unsigned char c = (unsigned char)key.ptr[i];

		if (c <= ' ' || c == 0x7f)
			return false;
	}
	return key.len > 0 && key.len <= MEMCACHE_KEY_MAX;
}
