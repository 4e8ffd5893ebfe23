/* SPDX-License-Identifier: MIT */
/* The servers that we know of, each with its connection and its part of a request. */
#ifndef DOVETAP_STORE_DRIVERS_REDIS_REDIS_NODES_H
#define DOVETAP_STORE_DRIVERS_REDIS_REDIS_NODES_H

#include "store/drivers/redis/redis_conn.h"

#define REDIS_NODES_MAX 4096 /* a hostile cluster could name them without end */

struct redis_node {
	char *host;
	struct redis_conn conn;
	bool load_script; /* the next command brings the script along */
	bool named;	  /* in the latest map of the cluster */

	/* Not to be tried before, because it failed; of a cluster's only. */
	int64_t down_until_ns;
	unsigned int failures; /* in a row */
	struct error why;

	/* Of the request that runs (request.c). */
	bool used, failed, joined, reconnect;
	struct buf out;
	struct redis_ask ask;
	uint32_t *queue; /* what each reply is for */
	size_t queued, queue_size;
	size_t wanted, acked; /* replicas that should have, and have, what was written */
};

struct redis_nodes {
	struct redis_node **list;
	size_t count, size;
};

/* The node of that name, made when there is none. target gives everything but host and port, and
 * has to stay. Returns NULL when out of memory, or of REDIS_NODES_MAX. */
struct redis_node *redis_nodes_get(struct redis_nodes *nodes, struct slice host, int64_t port,
				   const struct redis_login *login,
				   const struct stream_target *target);

/* Forgets the nodes that are not named. */
void redis_nodes_prune(struct redis_nodes *nodes);
void redis_nodes_release(struct redis_nodes *nodes);

#endif
