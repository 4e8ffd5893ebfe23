/* SPDX-License-Identifier: MIT */
#include "store/dict_key.h"

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
