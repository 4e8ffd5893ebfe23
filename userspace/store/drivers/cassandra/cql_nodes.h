/* SPDX-License-Identifier: MIT */
/*
 * The rows of system.local and system.peers, and what follows from them for the cluster: which
 * hosts exist, which of them are remote, which tokens each has.
 */
#ifndef DOVETAP_STORE_DRIVERS_CASSANDRA_CQL_NODES_H
#define DOVETAP_STORE_DRIVERS_CASSANDRA_CQL_NODES_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

#include "store/drivers/cassandra/response.h"
#include "store/drivers/cassandra/token_ring.h"

#define CQL_DC_MAX 64

struct cql_cluster;
struct cql_conn;

struct cql_node {
	struct sockaddr_storage addr; /* not of the first, which is the one that was asked */
	char dc[CQL_DC_MAX];
};

struct cql_nodes {
	struct cql_node *list;
	size_t count;
	struct cql_ring ring; /* its nodes are indexes of list */
	bool murmur3;	      /* tokens are ours to compute */
};

/* Incomplete rows (of a node that is joining) are skipped. Both return 0, -ENOMEM, or -EPROTO. */
int cql_nodes_read_local(struct cql_nodes *nodes, const struct cql_rows *rows);
int cql_nodes_read_peers(struct cql_nodes *nodes, const struct cql_rows *rows, bool v2,
			 unsigned int port);

/* Adds and removes hosts and replaces the ring. local_dc is set from the first node when it is
 * empty. Returns 0 or -ENOMEM with nothing changed; nodes are empty afterwards. */
int cql_nodes_apply(struct cql_nodes *nodes, struct cql_cluster *cluster,
		    const struct cql_conn *asked, char local_dc[CQL_DC_MAX]);

void cql_nodes_release(struct cql_nodes *nodes);

#endif
