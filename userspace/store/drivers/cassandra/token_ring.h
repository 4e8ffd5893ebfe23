/* SPDX-License-Identifier: MIT */
/* The token ring: which node holds a partition. Tokens are those of murmur3.h. */
#ifndef DOVETAP_STORE_DRIVERS_CASSANDRA_TOKEN_RING_H
#define DOVETAP_STORE_DRIVERS_CASSANDRA_TOKEN_RING_H

#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

#define CQL_TOKENS_MAX (1U << 20)

struct cql_token {
	int64_t token;
	uint32_t node; /* the caller's number of the node */
};

/* Sorted; the node of the first token that is not smaller holds the first replica, those of the
 * following tokens the others. */
struct cql_ring {
	struct cql_token *tokens;
	size_t count, size;
};

/* Adds the tokens of a node from a cell of type set<text>. Returns 0, -EPROTO, -E2BIG, -ENOMEM. */
int cql_ring_add(struct cql_ring *ring, struct slice cell, uint32_t node);
void cql_ring_sort(struct cql_ring *ring);

/* Where the walk for a token begins; count must not be 0. */
size_t cql_ring_find(const struct cql_ring *ring, int64_t token);

void cql_ring_release(struct cql_ring *ring);

#endif
