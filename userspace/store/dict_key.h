/* SPDX-License-Identifier: MIT */
/* Keys of which a part is not known, as patterns, for drivers. */
#ifndef DOVETAP_STORE_DICT_KEY_H
#define DOVETAP_STORE_DICT_KEY_H

#include "base/buf.h"
#include "store/dict.h"

/* Where the open parts split the key: text[0] is what it begins with, the last what it ends with;
 * any bytes may stand between two of them. */
struct dict_key_pieces {
	struct slice text[DICT_KEY_PARTS_MAX + 1];
	size_t count; /* 1: nothing is open */
};

void dict_key_split(const struct dict_key *key, struct dict_key_pieces *pieces_r);
bool dict_key_fits(const struct dict_key_pieces *pieces, struct slice text);

/* Whose is it? An open part is an address where it stands for one, and a number where it stands for
 * one. Elsewhere it may be anything: with a "/" in it the user's name may as well be longer. */
enum dict_key_verdict { DICT_KEY_OTHER, DICT_KEY_DOUBTFUL, DICT_KEY_SURE };

enum dict_key_verdict dict_key_judge(const struct dict_key *key, struct slice text);

/* Appends the pieces as a pattern of glob(7), all but "*" between them escaped. */
int dict_key_glob(struct buf *out, const struct dict_key_pieces *pieces);

/* The same for SQL's LIKE ... ESCAPE '!', from a mask with "*" and "?". */
int dict_mask_like(struct buf *out, const char *mask);

#endif
