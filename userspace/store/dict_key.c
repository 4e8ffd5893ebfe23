/* SPDX-License-Identifier: MIT */
#include "store/dict_key.h"

#include <arpa/inet.h>
#include <string.h>

void dict_key_split(const struct dict_key *key, struct dict_key_pieces *pieces_r)
{
	size_t from = 0;

	pieces_r->count = 0;
	for (size_t i = 0; i < key->part_count; i++) {
		const struct key_part *part = &key->parts[i];

		if (!(key->open >> i & 1))
			continue;
		pieces_r->text[pieces_r->count++] =
			(struct slice){key->text.ptr + from, part->offset - from};
		from = part->offset + part->len;
	}
	pieces_r->text[pieces_r->count++] =
		(struct slice){key->text.ptr + from, key->text.len - from};
}

static bool begins_with(struct slice text, struct slice piece)
{
	return text.len >= piece.len &&
	       (piece.len == 0 || memcmp(text.ptr, piece.ptr, piece.len) == 0);
}

static struct slice behind(struct slice text, size_t len)
{
	return (struct slice){text.ptr + len, text.len - len};
}

/* The first place of each piece in the middle leaves most for the others. */
bool dict_key_fits(const struct dict_key_pieces *pieces, struct slice text)
{
	struct slice last = pieces->text[pieces->count - 1];

	if (pieces->count == 1)
		return slice_equal(text, last);
	if (!begins_with(text, pieces->text[0]))
		return false;
	text = behind(text, pieces->text[0].len);
	for (size_t i = 1; i + 1 < pieces->count; i++) {
		struct slice piece = pieces->text[i];
		const char *at =
			piece.len > 0 ? memmem(text.ptr, text.len, piece.ptr, piece.len) : text.ptr;

		if (!at)
			return false;
		text = behind(text, (size_t)(at - text.ptr) + piece.len);
	}
	return text.len >= last.len && begins_with(behind(text, text.len - last.len), last);
}

/* --- what can stand in an open part ----------------------------------------------------------- */

static bool is_address(struct slice text)
{
	char copy[INET6_ADDRSTRLEN];
	unsigned char address[16];

	if (text.len == 0 || text.len >= sizeof(copy))
		return text.len == 0; /* a login by a unix socket */
	memcpy(copy, text.ptr, text.len);
	copy[text.len] = '\0';
	return inet_pton(AF_INET, copy, address) == 1 || inet_pton(AF_INET6, copy, address) == 1;
}

static bool is_number(struct slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] < '0' || text.ptr[i] > '9')
			return false;
	}
	return true;
}

static bool is_segment(struct slice text)
{
	return text.len == 0 || !memchr(text.ptr, '/', text.len);
}

static const struct {
	const char *variable;
	bool (*can_be)(struct slice text);
} kinds[] = {
	{"remote_ip", is_address},
	{"local_ip", is_address},
	{"real_remote_ip", is_address},
	{"real_local_ip", is_address},
	{"remote_port", is_number},
	{"local_port", is_number},
	{"real_remote_port", is_number},
	{"real_local_port", is_number},
	{"pid", is_number},
	{"uid", is_number},
	{"gid", is_number},
};

static bool can_be(const char *variable, struct slice text, bool sure)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strcmp(kinds[i].variable, variable) == 0)
			return kinds[i].can_be(text);
	}
	return !sure || is_segment(text);
}

/* Does the text fit the parts from this one on? from is where the key's own text goes on. */
static bool fits(const struct dict_key *key, size_t part, size_t from, struct slice text, bool sure)
{
	const struct key_part *open;
	struct slice piece;

	while (part < key->part_count && !(key->open >> part & 1))
		part++;
	open = part < key->part_count ? &key->parts[part] : NULL;
	piece = (struct slice){key->text.ptr + from, (open ? open->offset : key->text.len) - from};
	if (!open)
		return slice_equal(text, piece);
	if (!begins_with(text, piece))
		return false;
	text = behind(text, piece.len);
	for (size_t len = 0; len <= text.len; len++) {
		if (can_be(open->variable, (struct slice){text.ptr, len}, sure) &&
		    fits(key, part + 1, open->offset + open->len, behind(text, len), sure))
			return true;
	}
	return false;
}

enum dict_key_verdict dict_key_judge(const struct dict_key *key, struct slice text)
{
	if (fits(key, 0, 0, text, true))
		return DICT_KEY_SURE;
	return fits(key, 0, 0, text, false) ? DICT_KEY_DOUBTFUL : DICT_KEY_OTHER;
}

int dict_key_glob(struct buf *out, const struct dict_key_pieces *pieces)
{
	for (size_t i = 0; i < pieces->count; i++) {
		if (i > 0)
			buf_append_char(out, '*');
		for (size_t j = 0; j < pieces->text[i].len; j++) {
			char c = pieces->text[i].ptr[j];

			if (c != '\0' && strchr("*?[]^\\-", c))
				buf_append_char(out, '\\');
			buf_append_char(out, c);
		}
	}
	return out->failed;
}

int dict_mask_like(struct buf *out, const char *mask)
{
	for (; *mask; mask++) {
		if (*mask == '*' || *mask == '?') {
			buf_append_char(out, *mask == '*' ? '%' : '_');
			continue;
		}
		if (strchr("%_!", *mask))
			buf_append_char(out, '!');
		buf_append_char(out, *mask);
	}
	return out->failed;
}
