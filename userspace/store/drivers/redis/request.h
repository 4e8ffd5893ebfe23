/* SPDX-License-Identifier: MIT */
/*
 * A batch of commands, one for each entry, on its way to the servers that have the keys: sent to
 * all of them at the same time, each in one pipeline; sent again where a redirection or a missing
 * script asks for it, a few times at most.
 */
#ifndef DOVETAP_REDIS_REQUEST_H
#define DOVETAP_REDIS_REQUEST_H

#include "store/drivers/redis/redis.h"

struct redis_request;

struct redis_reading {
	struct redis_request *request;
	struct redis_node *node;
};

/* The nodes that are sent something at the same time. */
struct redis_round {
	struct redis_node **nodes;
	struct redis_reading *readings;
	struct stream_exchange *exchanges;
	struct pollfd *polls;
	size_t count;
};

struct redis_request {
	struct redis *redis;
	struct dict_entry *entries; /* all PENDING */
	size_t count;

	/* Appends an entry's commands to node->out. Returns how many replies they get. */
	size_t (*append)(struct redis_request *request, struct redis_node *node,
			 const struct dict_entry *entry, struct slice key);

	/* Takes a reply that is no error; last of those to the entry. Sets its outcome, or returns
	 * false: Redis gives no such reply to the command. */
	bool (*answered)(struct redis_request *request, struct dict_entry *entry,
			 const redisReply *reply, bool last);
	void *context;
	bool writes; /* the replicas matter */

	/* request.c's own. */
	struct redis_step *steps;
	struct redis_round round;
};

/* Gives every entry an outcome and returns 0, or a negative errno when no server did its part. */
int redis_request_run(struct redis_request *request, int64_t deadline_ns, struct error *error_r);

#endif
