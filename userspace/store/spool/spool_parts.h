/* SPDX-License-Identifier: MIT */
/*
 * Key parts as text, the way they stand in the spool: "user:23:5;service:18:4". A variable name
 * holds neither ":" nor ";"; an empty one is a part whose text was changed by a modifier.
 */
#ifndef DOVETAP_STORE_SPOOL_SPOOL_PARTS_H
#define DOVETAP_STORE_SPOOL_SPOOL_PARTS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/key_part.h"

#define SPOOL_PARTS_MAX 64

/* Appends the text. Returns 0 or the buffer's error. */
int spool_parts_format(struct buf *out, const struct key_part *parts, size_t count);

/* How many parts the text has. */
size_t spool_parts_count(const char *text);

/* Cuts text into at most max parts in place; their names point into it. Every part must lie
 * within key_len. Returns how many, or -EILSEQ. */
int spool_parts_parse(char *text, size_t key_len, struct key_part *parts, size_t max);

#endif
