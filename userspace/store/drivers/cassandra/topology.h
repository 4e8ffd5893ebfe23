/* SPDX-License-Identifier: MIT */
/*
 * Who is in the cluster: the control connection's part.
 *
 *	REGISTER -> system.local -> system.peers_v2 (or system.peers before Cassandra 4) -> apply
 *
 * Runs when a connection becomes the control connection, and again after TOPOLOGY_CHANGE and
 * STATUS_CHANGE events. What cannot be read costs only the routing by token.
 */
#ifndef DOVETAP_STORE_DRIVERS_CASSANDRA_TOPOLOGY_H
#define DOVETAP_STORE_DRIVERS_CASSANDRA_TOPOLOGY_H

#include <stdbool.h>
#include <stdint.h>

#include "store/drivers/cassandra/cql_conn.h"
#include "store/drivers/cassandra/cql_nodes.h"

struct cql_cluster;

enum cql_discovery_step {
	CQL_DISCOVER_IDLE,
	CQL_DISCOVER_REGISTER,
	CQL_DISCOVER_LOCAL,
	CQL_DISCOVER_PEERS_V2,
	CQL_DISCOVER_PEERS,
	CQL_DISCOVER_APPLY,
};

struct cql_discovery {
	struct cql_request request;
	struct cql_conn *control;
	struct cql_cluster *cluster;
	enum cql_discovery_step step;
	bool asked;	/* the step's request is on its way */
	bool complete;	/* went through at least once */
	int64_t due_ns; /* 0: no need to run again */

	struct cql_nodes nodes; /* being collected */
	char local_dc[CQL_DC_MAX];
};

void cql_discovery_init(struct cql_discovery *discovery, struct cql_cluster *cluster);
void cql_discovery_release(struct cql_discovery *discovery);

/* Takes a control connection if there is none, sends what is due, applies what was read. */
void cql_discovery_work(struct cql_discovery *discovery, int64_t now_ns);

/* The connection is about to be freed. */
void cql_discovery_lost(struct cql_discovery *discovery, const struct cql_conn *conn);

#endif
