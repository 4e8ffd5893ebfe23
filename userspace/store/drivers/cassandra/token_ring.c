/* SPDX-License-Identifier: MIT */
#include "store/drivers/cassandra/token_ring.h"

#include <errno.h>
#include <stdlib.h>

#include "store/drivers/cassandra/wire.h"

static int ring_push(struct cql_ring *ring, int64_t token, uint32_t node)
{
	size_t size = ring->size ? ring->size * 2 : 256;
	struct cql_token *tokens;

	if (ring->count == CQL_TOKENS_MAX)
		return -E2BIG;
	if (ring->count == ring->size) {
		tokens = realloc(ring->tokens, size * sizeof(*tokens));
		if (!tokens)
			return -ENOMEM;
		ring->tokens = tokens;
		ring->size = size;
	}
	ring->tokens[ring->count++] = (struct cql_token){token, node};
	return 0;
}

static int parse_token(struct slice text, int64_t *token_r)
{
	char digits[24], *end;

	if (text.len == 0 || text.len >= sizeof(digits))
		return -EPROTO;
	memcpy(digits, text.ptr, text.len);
	digits[text.len] = '\0';
	errno = 0;
	*token_r = strtoll(digits, &end, 10);
	return errno == 0 && *end == '\0' ? 0 : -EPROTO;
}

int cql_ring_add(struct cql_ring *ring, struct slice cell, uint32_t node)
{
	struct cql_reader reader;
	int64_t token;
	int32_t left;
	int ret = 0;

	cql_reader_init(&reader, cell);
	for (left = cql_read_int(&reader); left > 0 && ret == 0; left--) {
		ret = parse_token(cql_read_bytes(&reader).data, &token);
		if (ret == 0)
			ret = ring_push(ring, token, node);
	}
	return ret == 0 && reader.failed ? -EPROTO : ret;
}

static int compare(const void *a, const void *b)
{
	const struct cql_token *left = a, *right = b;

	return (left->token > right->token) - (left->token < right->token);
}

void cql_ring_sort(struct cql_ring *ring)
{
	if (ring->count > 1)
		qsort(ring->tokens, ring->count, sizeof(*ring->tokens), compare);
}

size_t cql_ring_find(const struct cql_ring *ring, int64_t token)
{
	size_t low = 0, high = ring->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (ring->tokens[middle].token < token)
			low = middle + 1;
		else
			high = middle;
	}
	return low == ring->count ? 0 : low;
}

void cql_ring_release(struct cql_ring *ring)
{
	free(ring->tokens);
	*ring = (struct cql_ring){0};
}
