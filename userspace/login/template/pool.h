/* SPDX-License-Identifier: MIT */
/*
 * Memory that lives exactly as long as a compiled template, and scratch memory that lives for one
 * expansion of it.
 */
#ifndef DOVETAP_TEMPLATE_POOL_H
#define DOVETAP_TEMPLATE_POOL_H

#include "base/slice.h"

struct pool_chunk;

struct pool_hook;

struct pool {
	struct pool_chunk *chunks;
	struct pool_hook *hooks;
};

/* Zeroed memory, or NULL. Freed by pool_release() alone. */
void *pool_alloc(struct pool *pool, size_t size);
char *pool_strndup(struct pool *pool, const char *text, size_t len);
void pool_release(struct pool *pool);

/* pool_release() will call release(object) first, the latest such call first. 0 or -ENOMEM; then
 * release(object) has been called already. */
int pool_on_release(struct pool *pool, void (*release)(void *object), void *object);

/* A stack of bytes of fixed size. Text taken from it is followed by a NUL. */
struct scratch {
	char *data;
	size_t used, size;
};

/* len bytes and a NUL behind them, or NULL when the scratch is full. */
char *scratch_take(struct scratch *scratch, size_t len);

#endif
