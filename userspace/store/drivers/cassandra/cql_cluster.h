/* SPDX-License-Identifier: MIT */
/*
 * The nodes of a cluster and a connection to each that we write to.
 *
 * It begins with the contact points. The first connection that is ready becomes the control
 * connection: it subscribes to events and reads system.local and system.peers (discover.c), which
 * gives the other nodes, their data centres and tokens. The contact point's data centre is the
 * local one; nodes of others are used only while no local one is, and never at a local-*
 * consistency.
 *
 * Nothing happens between calls: whoever wants something to happen calls cql_cluster_step().
 */
#ifndef DOVETAP_STORE_DRIVERS_CASSANDRA_CQL_CLUSTER_H
#define DOVETAP_STORE_DRIVERS_CASSANDRA_CQL_CLUSTER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "store/drivers/cassandra/cql_conn.h"
#include "store/drivers/cassandra/token_ring.h"
#include "store/drivers/cassandra/topology.h"
#include "store/drivers/cassandra/transport.h"

#define CQL_HOSTS_MAX 1024

struct cql_host {
	struct cql_address address;
	char label[CQL_LABEL_MAX];
	bool remote; /* in another data centre */
	struct cql_conn *conn;
	int64_t next_try_ns;
	unsigned int failures; /* in a row */
	struct error error;    /* of the last connection */
};

struct cql_cluster {
	const struct cql_settings *settings;
	struct cql_statements *statements;
	struct cql_tls *tls;
	uint8_t version; /* lowered when a server refuses it */

	struct cql_host *hosts[CQL_HOSTS_MAX];
	size_t host_count;
	struct cql_ring ring; /* its nodes are indexes of hosts; empty: route in turn */
	size_t turn;
	bool remote_allowed; /* by the consistency */
	bool remote_needed;  /* no node of our data centre is up; set by each step */

	struct cql_discovery discovery;
	bool schema_changed;
	int64_t schema_checked_ns;
	unsigned int seed; /* of the jitter */
};

/* Loads certificates; connects nowhere. Settings and statements must stay. */
int cql_cluster_init(struct cql_cluster *cluster, const struct cql_settings *settings,
		     struct cql_statements *statements, struct error *error_r);
void cql_cluster_release(struct cql_cluster *cluster);

/* To be called first by each operation: with no node connected, all may be tried again. */
int cql_cluster_begin(struct cql_cluster *cluster, struct error *error_r);

/* Moves everything on; waits for something to happen until then at the latest. */
void cql_cluster_step(struct cql_cluster *cluster, int64_t until_ns);

/* Can requests be routed? */
bool cql_cluster_ready(const struct cql_cluster *cluster);

/* Every node was tried and none can be used: waiting is of no use. */
bool cql_cluster_hopeless(const struct cql_cluster *cluster);

/* Steps until it is ready. 0, or why it is not: -ETIMEDOUT, or the most useful error of a node. */
int cql_cluster_wait(struct cql_cluster *cluster, int64_t deadline_ns, struct error *error_r);

/* Why no node can be used, with the error of each. Returns a negative errno. */
int cql_cluster_error(const struct cql_cluster *cluster, struct error *error_r);

/* A host with room for a request: the first replica of the token, the next ones, then any. Hosts in
 * avoid are taken only when there is no other. NULL: none now, or token is NULL: any. */
struct cql_host *cql_cluster_route(struct cql_cluster *cluster, const int64_t *token,
				   struct cql_host *const *avoid, size_t avoid_count);

/* The host with that address, or NULL. */
struct cql_host *cql_cluster_find(const struct cql_cluster *cluster,
				  const struct sockaddr_storage *addr);

/* Adds a host unless it is there. NULL: no room, no memory. */
struct cql_host *cql_cluster_add(struct cql_cluster *cluster, const struct cql_address *address);

static inline bool cql_host_usable(const struct cql_host *host)
{
	return host->conn && host->conn->state == CQL_CONN_READY;
}

/* Frees a host's connection; what it had in flight is answered with NULL. */
void cql_cluster_drop(struct cql_cluster *cluster, struct cql_host *host);

/* Forgets a host and closes its connection. */
void cql_cluster_remove(struct cql_cluster *cluster, size_t index);

#endif
