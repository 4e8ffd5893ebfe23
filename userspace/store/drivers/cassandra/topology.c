/* SPDX-License-Identifier: MIT */
#include "store/drivers/cassandra/topology.h"

#include "base/clock.h"
#include "store/drivers/cassandra/cql_cluster.h"
#include "store/drivers/cassandra/cql_settings.h"

/* The server advises to wait: events come before the node takes connections. */
#define TOPOLOGY_DELAY_NS NS_PER_SEC

void cql_discovery_init(struct cql_discovery *discovery, struct cql_cluster *cluster)
{
	*discovery = (struct cql_discovery){.cluster = cluster};
}

void cql_discovery_release(struct cql_discovery *discovery)
{
	cql_nodes_release(&discovery->nodes);
	discovery->control = NULL;
}

void cql_discovery_lost(struct cql_discovery *discovery, const struct cql_conn *conn)
{
	if (discovery->control != conn)
		return;
	discovery->control = NULL;
	discovery->step = CQL_DISCOVER_IDLE;
	discovery->asked = false;
	cql_nodes_release(&discovery->nodes);
}

/* With what was read, or without: what is missing costs only the routing by token. */
static void complete(struct cql_discovery *discovery)
{
	cql_nodes_release(&discovery->nodes);
	discovery->step = CQL_DISCOVER_IDLE;
	discovery->complete = true;
}

static int read_nodes(struct cql_discovery *discovery, const struct cql_rows *rows)
{
	if (discovery->step == CQL_DISCOVER_LOCAL)
		return cql_nodes_read_local(&discovery->nodes, rows);
	return cql_nodes_read_peers(&discovery->nodes, rows,
				    discovery->step == CQL_DISCOVER_PEERS_V2,
				    discovery->cluster->settings->port);
}

static void on_rows(struct cql_discovery *discovery, const struct cql_response *response)
{
	if (response->kind != CQL_RESULT_ROWS || read_nodes(discovery, &response->rows) < 0)
		complete(discovery);
	else if (discovery->step == CQL_DISCOVER_LOCAL)
		discovery->step = CQL_DISCOVER_PEERS_V2;
	else
		discovery->step = CQL_DISCOVER_APPLY;
}

static void discovery_done(struct cql_request *request, struct cql_conn *conn,
			   const struct cql_response *response)
{
	struct cql_discovery *discovery = (struct cql_discovery *)request;

	(void)conn;
	discovery->asked = false;
	if (!response) /* cql_discovery_lost() follows */
		return;
	if (response->opcode == CQL_READY && discovery->step == CQL_DISCOVER_REGISTER)
		discovery->step = CQL_DISCOVER_LOCAL;
	else if (response->opcode == CQL_ERROR && discovery->step == CQL_DISCOVER_PEERS_V2)
		discovery->step = CQL_DISCOVER_PEERS;
	else if (response->opcode == CQL_RESULT && discovery->step >= CQL_DISCOVER_LOCAL)
		on_rows(discovery, response);
	else
		complete(discovery);
}

static void on_event(struct cql_conn *conn, const struct cql_event *event, void *context)
{
	struct cql_cluster *cluster = context;
	int64_t earliest = clock_monotonic_ns() + TOPOLOGY_DELAY_NS;
	struct sockaddr_storage addr;
	struct cql_host *host;

	(void)conn;
	if (event->kind == CQL_EVENT_SCHEMA &&
	    slice_is(event->keyspace, cluster->settings->keyspace))
		cluster->schema_changed = true;
	if (event->kind != CQL_EVENT_TOPOLOGY && event->kind != CQL_EVENT_STATUS)
		return;
	if (cluster->discovery.due_ns == 0)
		cluster->discovery.due_ns = earliest;
	if (!slice_is(event->change, "UP") ||
	    !cql_address_set(&addr, event->address, (unsigned int)event->port))
		return;
	host = cql_cluster_find(cluster, &addr);
	if (host && !host->conn) {
		host->failures = 0;
		host->next_try_ns = earliest;
	}
}

static void send_step(struct cql_discovery *discovery)
{
	static const char *const queries[] = {
		[CQL_DISCOVER_LOCAL] = "SELECT * FROM system.local WHERE key='local'",
		[CQL_DISCOVER_PEERS_V2] = "SELECT * FROM system.peers_v2",
		[CQL_DISCOVER_PEERS] = "SELECT * FROM system.peers",
	};
	struct cql_conn *conn = discovery->control;
	int16_t stream = cql_conn_stream(conn, &discovery->request);

	if (stream < 0)
		return;
	discovery->asked = true;
	if (discovery->step == CQL_DISCOVER_REGISTER)
		cql_put_register(&conn->out, conn->version, stream);
	else
		cql_put_query(&conn->out, conn->version, stream, queries[discovery->step], CQL_ONE);
}

static void take_control(struct cql_discovery *discovery)
{
	struct cql_cluster *cluster = discovery->cluster;
	struct cql_conn *conn;
	size_t i;

	for (i = 0; i < cluster->host_count && !discovery->control; i++) {
		conn = cluster->hosts[i]->conn;
		if (!conn || conn->state != CQL_CONN_READY)
			continue;
		conn->event = on_event;
		conn->context = cluster;
		discovery->control = conn;
		discovery->request.done = discovery_done;
		discovery->step = CQL_DISCOVER_REGISTER;
	}
}

void cql_discovery_work(struct cql_discovery *discovery, int64_t now_ns)
{
	if (!discovery->control)
		take_control(discovery);
	if (!discovery->control || discovery->asked)
		return;
	if (discovery->step == CQL_DISCOVER_IDLE && discovery->due_ns != 0 &&
	    now_ns >= discovery->due_ns) {
		discovery->due_ns = 0;
		discovery->step = CQL_DISCOVER_LOCAL;
	}
	if (discovery->step == CQL_DISCOVER_APPLY) {
		(void)cql_nodes_apply(&discovery->nodes, discovery->cluster, discovery->control,
				      discovery->local_dc);
		complete(discovery);
	}
	if (discovery->step != CQL_DISCOVER_IDLE)
		send_step(discovery);
}
