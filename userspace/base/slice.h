/* SPDX-License-Identifier: MIT */
/* Bytes that somebody else owns; any byte may occur in them, NUL included. */
#ifndef DOVETAP_SLICE_H
#define DOVETAP_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct slice {
	const char *ptr; /* may be NULL when len is 0 */
	size_t len;
};

static inline struct slice slice_str(const char *str)
{
	return (struct slice){str, str ? strlen(str) : 0};
}

static inline bool slice_equal(struct slice a, struct slice b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

static inline bool slice_is(struct slice a, const char *str)
{
	return slice_equal(a, slice_str(str));
}

#endif
