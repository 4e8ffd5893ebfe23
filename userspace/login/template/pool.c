/* SPDX-License-Identifier: MIT */
#include "login/template/pool.h"

#include <errno.h>
#include <stdlib.h>

struct pool_chunk {
	struct pool_chunk *next;
	_Alignas(max_align_t) char data[];
};

struct pool_hook {
	struct pool_hook *next;
	void (*release)(void *object);
	void *object;
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

int pool_on_release(struct pool *pool, void (*release)(void *object), void *object)
{
	struct pool_hook *hook = pool_alloc(pool, sizeof(*hook));

	if (!hook) {
		release(object);
		return -ENOMEM;
	}
	*hook = (struct pool_hook){pool->hooks, release, object};
	pool->hooks = hook;
	return 0;
}

void pool_release(struct pool *pool)
{
	struct pool_chunk *chunk;

	/* The hooks themselves are in the chunks. */
	for (; pool->hooks; pool->hooks = pool->hooks->next)
		pool->hooks->release(pool->hooks->object);
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
