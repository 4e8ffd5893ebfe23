/* SPDX-License-Identifier: MIT */
/* What the files of dict redis share; redis.c describes how they fit together. */
#ifndef DOVETAP_REDIS_H
#define DOVETAP_REDIS_H

#include "store/dict.h"
#include "store/drivers/redis/redis_nodes.h"
#include "store/drivers/redis/redis_settings.h"
#include "store/drivers/redis/script.h"
#include "store/drivers/redis/slots.h"

struct redis;
struct redis_step;

/* Which server a key belongs to: one way of finding that out each for a single server, sentinels
 * and a cluster. */
struct redis_topology {
	/* Called before commands are sent, and again before each repetition: makes sure that
	 * route() has an answer. */
	int (*locate)(struct redis *redis, int64_t deadline_ns, struct error *error_r);

	/* NULL when nobody has the key at present. */
	struct redis_node *(*route)(struct redis *redis, struct slice key);

	/* Optional. Takes another reply than the data, such as MOVED or CLUSTERDOWN: true with a
	 * new step to retry elsewhere. */
	bool (*redirect)(struct redis *redis, struct redis_node *from, const char *reply,
			 struct redis_step *step);

	/* Optional. The node did not answer, or not well; why is in node->why. */
	void (*failed)(struct redis *redis, struct redis_node *node);

	/* Optional. Is every record welcome somewhere? */
	int (*check)(const struct redis *redis, struct error *error_r);

	/* Of one server, when there are others that need not wait for it; 0 for the whole time. */
	int64_t connect_ns, answer_ns;
};

extern const struct redis_topology redis_single, redis_sentinel, redis_cluster;

/* The next try of one key. */
struct redis_step {
	struct redis_node *node; /* where a redirection pointed to; NULL: route() */
	bool asking;		 /* the node does not own the slot yet: ASKING goes first */
	unsigned int tries;
};

struct redis {
	struct dict dict;
	struct redis_settings settings;
	const struct redis_topology *topology;
	struct redis_login login, sentinel_login;
	struct stream_target target; /* what all connections have in common */
	struct redis_nodes nodes;
	struct buf key; /* scratch: prefix and key */
	char sha[REDIS_SHA_SIZE];
	char expire[24]; /* expire_secs as text, "" for none */
	size_t history;	 /* rows of each user; 0: records */
	bool failures;	 /* these rows are of failures */

	size_t sentinel; /* index in settings.hosts of the one that answered last */

	/* Of a cluster. */
	struct redis_node *owners[SLOT_COUNT];
	bool mapped, stale; /* there is a map; it should be read again */
	int64_t mapped_ns;
	unsigned int random;
};

/* The time by which one server should have done something. */
int64_t redis_sooner(int64_t deadline_ns, int64_t span_ns);

/* A deadline, or the dict's own limit when that comes first. */
int64_t redis_within(const struct redis *redis, int64_t deadline_ns);

/* Slots of both drivers, that of records and that of a history. */
int redis_ping(struct dict *dict, int64_t deadline_ns, struct error *error_r);
void redis_places(const struct dict *dict, dict_place_cb *cb, void *context);
void redis_close(struct dict *dict);

/* redis_history.c: what a dict with a history is. */
extern const struct dict_driver redis_history_driver;
int redis_history(struct dict *dict, struct slice user, size_t limit, int64_t deadline_ns,
		  history_row_cb *cb, void *context, struct error *error_r);

#endif
