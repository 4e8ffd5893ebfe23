/* SPDX-License-Identifier: MIT */
/*
 * Growable bytes with a ceiling given at init, so that hostile input cannot make them large.
 * The content is always followed by a NUL that does not count in len. After a failed append the
 * buffer keeps what it had, and stays failed until buf_reset(): a series of appends needs one
 * check at its end.
 */
#ifndef DOVETAP_BUF_H
#define DOVETAP_BUF_H

#include <stdbool.h>
#include <stddef.h>

#include "base/slice.h"

struct buf {
	char *data;
	size_t len;
	size_t size; /* allocated */
	size_t max;  /* ceiling for len */
	int failed;  /* 0, -ENOMEM, or -E2BIG at the ceiling */
};

void buf_init(struct buf *buf, size_t max);
void buf_release(struct buf *buf);
void buf_reset(struct buf *buf); /* empties, keeps the memory */

/* All return 0 or buf->failed. */
int buf_reserve(struct buf *buf, size_t more); /* makes room for more bytes behind len */
int buf_append(struct buf *buf, const void *data, size_t len);
int buf_append_slice(struct buf *buf, struct slice slice);
int buf_append_str(struct buf *buf, const char *str);
int buf_append_char(struct buf *buf, char c);
int buf_appendf(struct buf *buf, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Valid until the next append. Never NULL. */
const char *buf_str(const struct buf *buf);
struct slice buf_slice(const struct buf *buf);

#endif
