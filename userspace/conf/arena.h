/* SPDX-License-Identifier: MIT */
/*
 * Memory for things that are freed together: a configuration tree, compiled settings.
 * Blocks are zeroed, aligned for any type, and live until arena_free(). The ceiling given at the
 * start covers everything that was ever taken.
 */
#ifndef DOVETAP_CONF_ARENA_H
#define DOVETAP_CONF_ARENA_H

#include <stddef.h>

struct arena;

struct arena *arena_new(size_t max);   /* NULL: out of memory */
void arena_free(struct arena **arena); /* takes NULL, sets NULL */

/* NULL: out of memory, or the ceiling is reached. */
void *arena_alloc(struct arena *arena, size_t size);
char *arena_strndup(struct arena *arena, const char *text, size_t len);
char *arena_strdup(struct arena *arena, const char *text);
char *arena_printf(struct arena *arena, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
