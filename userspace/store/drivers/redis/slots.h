/* SPDX-License-Identifier: MIT */
/*
 * The 16,384 slots of a Redis Cluster: which one a key belongs to, and which node owns which. No
 * I/O.
 */
#ifndef DOVETAP_REDIS_SLOTS_H
#define DOVETAP_REDIS_SLOTS_H

#include <stdint.h>

#include "base/error.h"
#include "base/slice.h"

#define SLOT_COUNT    16384
#define SLOT_HOST_MAX 255 /* length of a node's name */

struct redisReply;

/* Of the key, or of what stands in its first pair of braces when that is not empty. */
unsigned int slot_of(struct slice key);

struct slot_range {
	unsigned int first, last;
	struct slice host; /* of the master; empty: that of the node that answered */
	int64_t port;
};

typedef int slot_range_cb(const struct slot_range *range, void *context, struct error *error_r);

/*
 * Calls back for each range in the reply to CLUSTER SLOTS until one call returns less than 0, which
 * is returned then. A reply that is not entirely such a list is -EPROTO, before any call. Error
 * replies are the caller's.
 */
int slot_ranges_read(const struct redisReply *reply, slot_range_cb *cb, void *context,
		     struct error *error_r);

#endif
