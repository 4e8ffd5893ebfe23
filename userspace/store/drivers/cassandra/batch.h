/* SPDX-License-Identifier: MIT */
/*
 * One dict_write(): every entry on its way to a replica, as many in flight as the nodes take.
 *
 *	QUEUED ─route, EXECUTE─> SENT ─stored, refused─> DONE
 *	   └<─ once more: next node, fallback consistency, prepared again ─┘
 *
 * The time of the login is the write timestamp, so Cassandra itself keeps the newest for any order
 * and number of writers, and sending a record twice is harmless. Only in strict mode is it the time
 * of sending, as with Dovecot's driver.
 */
#ifndef DOVETAP_CQL_BATCH_H
#define DOVETAP_CQL_BATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "store/dict.h"
#include "store/drivers/cassandra/cql_cluster.h"
#include "store/drivers/cassandra/cql_statement.h"

#define CQL_TRIES_MAX 3

enum cql_write_state { CQL_WRITE_QUEUED, CQL_WRITE_SENT, CQL_WRITE_DONE };

struct cql_batch;

struct cql_write {
	struct cql_request request;
	struct cql_batch *batch;
	struct dict_entry *entry;
	struct cql_write *prev, *next; /* in the queue */
	enum cql_write_state state;

	struct cql_conn *conn; /* SENT */
	int16_t stream;
	int64_t sent_ns;

	struct cql_host *tried[CQL_TRIES_MAX]; /* to be compared only */
	uint8_t tries, prepares;
	bool fallback; /* at the fallback consistency */
	bool unsure;   /* an earlier try may have been stored */
};

/* Lives as long as the dict; its memory is kept between writes. */
struct cql_batch {
	struct cql_cluster *cluster;
	const struct sql_map_set *maps;
	bool strict;
	int64_t last_strict_us;

	struct cql_write *writes;
	size_t size, count;
	struct cql_write *queue;
	size_t left;	 /* not DONE */
	size_t answered; /* by a server */
	struct buf values;
	int64_t next_sweep_ns;
};

void cql_batch_init(struct cql_batch *batch, struct cql_cluster *cluster,
		    const struct sql_map_set *maps, bool strict);
void cql_batch_release(struct cql_batch *batch);

/* As dict_driver.write. */
int cql_batch_write(struct cql_batch *batch, struct dict_entry *entries, size_t count,
		    int64_t deadline_ns, struct error *error_r);

#endif
