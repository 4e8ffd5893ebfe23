/* SPDX-License-Identifier: MIT */
#include "login/template/pool.h"

#include <stdlib.h>

struct pool_chunk {
	struct pool_chunk *next;
	_Alignas(max_align_t) char data[];
};

void *pool_alloc(struct pool *pool, size_t size)
{
	struct pool_chunk *chunk = calloc(1, sizeof(*chunk) + size);

	if (!chunk)
		return NULL;
	chunk->next = pool->chunks;
	pool->chunks = chunk;
	return chunk->data;
}

char *pool_strndup(struct pool *pool, const char *text, size_t len)
{
	char *copy = pool_alloc(pool, len + 1);

	if (copy && len > 0)
		memcpy(copy, text, len);
	return copy;
}

void pool_release(struct pool *pool)
{
	struct pool_chunk *chunk;

	while ((chunk = pool->chunks)) {
		pool->chunks = chunk->next;
		free(chunk);
	}
}

char *scratch_take(struct scratch *scratch, size_t len)
{
	char *text = scratch->data + scratch->used;

	if (len >= scratch->size - scratch->used)
		return NULL;
	/* UNSAFE: at least one byte more than len is left. */
	text[len] = '\0';
	scratch->used += len + 1;
	return text;
}
