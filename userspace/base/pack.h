/* SPDX-License-Identifier: MIT */
/*
 * Values one behind the other in a row of bytes, for processes of one machine to hand to each
 * other: numbers in the machine's own order, texts with their length in front and a NUL behind.
 *
 * Reading believes nothing: what is cut, longer than what is left or no text makes the reader fail,
 * and a reader that has failed returns 0, NULL and empty slices. So a series of reads needs one
 * check, at its end.
 */
#ifndef DOVETAP_BASE_PACK_H
#define DOVETAP_BASE_PACK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/slice.h"

/* A failure stays in the buffer (buf.h). */
void pack_u32(struct buf *out, uint32_t value);
void pack_u64(struct buf *out, uint64_t value);
void pack_bytes(struct buf *out, struct slice bytes); /* at most UINT32_MAX - 1 */
void pack_text(struct buf *out, const char *text);    /* NULL is another text than "" */

struct unpack {
	struct slice left;
	bool failed;
};

uint32_t unpack_u32(struct unpack *in);
uint64_t unpack_u64(struct unpack *in);

/* Both point into the bytes that are read. A text has no NUL before its end. */
struct slice unpack_bytes(struct unpack *in);
const char *unpack_text(struct unpack *in);

/* True when nothing has failed and nothing is left. */
bool unpack_is_whole(const struct unpack *in);

#endif
