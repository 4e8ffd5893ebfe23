/* SPDX-License-Identifier: MIT */
#include "store/drivers/cassandra/discover.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>

#include "base/clock.h"
#include "store/drivers/cassandra/cluster.h"
#include "store/drivers/cassandra/settings.h"

/* The server advises to wait: events come before the node takes connections. */
#define SETTLE_NS NS_PER_SEC

#define PARTITIONER "org.apache.cassandra.dht.Murmur3Partitioner"

void cql_discovery_init(struct cql_discovery *discovery, struct cql_cluster *cluster)
{
	*discovery = (struct cql_discovery){.cluster = cluster};
}

static void forget_nodes(struct cql_discovery *discovery)
{
	free(discovery->nodes);
	discovery->nodes = NULL;
	discovery->node_count = 0;
	cql_ring_release(&discovery->ring);
}

void cql_discovery_release(struct cql_discovery *discovery)
{
	forget_nodes(discovery);
	discovery->control = NULL;
}

void cql_discovery_lost(struct cql_discovery *discovery, const struct cql_conn *conn)
{
	if (discovery->control != conn)
		return;
	discovery->control = NULL;
	discovery->step = CQL_DISCOVER_IDLE;
	discovery->asked = false;
	forget_nodes(discovery);
}

/* --- rows ------------------------------------------------------------------------------------ */

static struct slice cell(const struct cql_rows *rows, const struct cql_bytes *cells,
			 const char *column)
{
	int index = cql_rows_column(rows, column);

	return index < 0 || cells[index].null ? (struct slice){NULL, 0} : cells[index].data;
}

/* 0.0.0.0 and :: say "the address by which the other nodes know me". */
static bool is_any(struct slice address)
{
	static const char zero[16];

	return address.len <= sizeof(zero) && memcmp(address.ptr, zero, address.len) == 0;
}

static bool set_address(struct sockaddr_storage *addr, struct slice bytes, unsigned int port)
{
	struct sockaddr_in *in = (struct sockaddr_in *)addr;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)addr;

	memset(addr, 0, sizeof(*addr));
	if (bytes.len == sizeof(in->sin_addr)) {
		in->sin_family = AF_INET;
		in->sin_port = htons((uint16_t)port);
		memcpy(&in->sin_addr, bytes.ptr, bytes.len);
	} else if (bytes.len == sizeof(in6->sin6_addr)) {
		in6->sin6_family = AF_INET6;
		in6->sin6_port = htons((uint16_t)port);
		memcpy(&in6->sin6_addr, bytes.ptr, bytes.len);
	}
	return addr->ss_family != AF_UNSPEC;
}

static bool peer_address(const struct cql_discovery *discovery, const struct cql_rows *rows,
			 const struct cql_bytes *cells, struct sockaddr_storage *addr)
{
	bool v2 = discovery->step == CQL_DISCOVER_PEERS_V2;
	struct slice address = cell(rows, cells, v2 ? "native_address" : "rpc_address");
	struct slice port = cell(rows, cells, "native_port");
	unsigned int number = discovery->cluster->settings->port;
	struct cql_reader reader;

	if (address.len == 0)
		return false;
	if (is_any(address))
		address = cell(rows, cells, "peer");
	cql_reader_init(&reader, port);
	if (port.len == sizeof(int32_t))
		number = (unsigned int)cql_read_int(&reader) & UINT16_MAX;
	return set_address(addr, address, number);
}

static int add_node(struct cql_discovery *discovery, const struct cql_rows *rows,
		    const struct cql_bytes *cells)
{
	struct slice dc = cell(rows, cells, "data_center"), tokens = cell(rows, cells, "tokens");
	struct cql_node node = {0}, *nodes;

	/* A node that is joining has a row without tokens; some have no address yet. */
	if (discovery->node_count > 0 &&
	    (tokens.len == 0 || !peer_address(discovery, rows, cells, &node.addr)))
		return 0;
	if (discovery->node_count == CQL_HOSTS_MAX || dc.len >= sizeof(node.dc))
		return 0;
	nodes = realloc(discovery->nodes, (discovery->node_count + 1) * sizeof(*nodes));
	if (!nodes)
		return -ENOMEM;
	if (dc.len > 0)
		memcpy(node.dc, dc.ptr, dc.len);
	discovery->nodes = nodes;
	nodes[discovery->node_count] = node;
	if (tokens.len > 0 && discovery->murmur3)
		return cql_ring_add(&discovery->ring, tokens, (uint32_t)discovery->node_count++);
	discovery->node_count++;
	return 0;
}

static int read_nodes(struct cql_discovery *discovery, const struct cql_response *response)
{
	struct cql_rows rows = response->rows;
	struct cql_bytes cells[CQL_COLUMNS_MAX];
	int ret;

	while ((ret = cql_rows_next(&rows, cells)) > 0) {
		if (discovery->step == CQL_DISCOVER_LOCAL)
			discovery->murmur3 =
				slice_is(cell(&rows, cells, "partitioner"), PARTITIONER);
		ret = add_node(discovery, &rows, cells);
		if (ret < 0)
			return ret;
	}
	return ret;
}

/* --- steps ----------------------------------------------------------------------------------- */

static void give_up(struct cql_discovery *discovery)
{
	forget_nodes(discovery);
	discovery->step = CQL_DISCOVER_IDLE;
	discovery->complete = true;
}

static void on_rows(struct cql_discovery *discovery, const struct cql_response *response)
{
	if (response->kind != CQL_RESULT_ROWS || read_nodes(discovery, response) < 0 ||
	    discovery->node_count == 0)
		give_up(discovery);
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
		give_up(discovery);
}

static void on_event(struct cql_conn *conn, const struct cql_event *event, void *context)
{
	struct cql_cluster *cluster = context;
	int64_t settled = clock_monotonic_ns() + SETTLE_NS;
	struct sockaddr_storage addr;
	struct cql_host *host;

	(void)conn;
	if (event->kind == CQL_EVENT_SCHEMA &&
	    slice_is(event->keyspace, cluster->settings->keyspace))
		cluster->schema_changed = true;
	if (event->kind != CQL_EVENT_TOPOLOGY && event->kind != CQL_EVENT_STATUS)
		return;
	if (cluster->discovery.due_ns == 0)
		cluster->discovery.due_ns = settled;
	if (!slice_is(event->change, "UP") ||
	    !set_address(&addr, event->address, (unsigned int)event->port))
		return;
	host = cql_cluster_find(cluster, &addr);
	if (host && !host->conn) {
		host->failures = 0;
		host->next_try_ns = settled;
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

/* --- the result ------------------------------------------------------------------------------ */

static void remove_others(struct cql_cluster *cluster, struct cql_host *const *keep, size_t count)
{
	size_t i, k;

	for (i = cluster->host_count; i-- > 0;) {
		for (k = 0; k < count && keep[k] != cluster->hosts[i]; k++)
			;
		if (k == count)
			cql_cluster_remove(cluster, i);
	}
}

static uint32_t host_index(const struct cql_cluster *cluster, const struct cql_host *host)
{
	uint32_t i;

	for (i = 0; i < cluster->host_count && cluster->hosts[i] != host; i++)
		;
	return i;
}

/* The ring was built with numbers of nodes; hosts may stand elsewhere, or not be there at all. */
static void take_ring(struct cql_discovery *discovery, struct cql_host *const *hosts)
{
	struct cql_cluster *cluster = discovery->cluster;
	struct cql_ring *ring = &discovery->ring;
	size_t i, kept = 0;
	uint32_t *index = calloc(discovery->node_count, sizeof(*index));

	for (i = 0; index && i < discovery->node_count; i++)
		index[i] = hosts[i] ? host_index(cluster, hosts[i]) : UINT32_MAX;
	for (i = 0; index && i < ring->count; i++) {
		if (index[ring->tokens[i].node] >= cluster->host_count)
			continue;
		ring->tokens[kept] = ring->tokens[i];
		ring->tokens[kept++].node = index[ring->tokens[i].node];
	}
	ring->count = kept;
	free(index);
	cql_ring_sort(ring);
	cql_ring_release(&cluster->ring);
	cluster->ring = *ring;
	*ring = (struct cql_ring){0};
}

static struct cql_host *control_host(const struct cql_discovery *discovery)
{
	size_t i;

	for (i = 0; i < discovery->cluster->host_count; i++) {
		if (discovery->cluster->hosts[i]->conn == discovery->control)
			return discovery->cluster->hosts[i];
	}
	return NULL;
}

static void apply(struct cql_discovery *discovery)
{
	struct cql_cluster *cluster = discovery->cluster;
	struct cql_host **hosts = calloc(discovery->node_count, sizeof(struct cql_host *));
	size_t i;

	if (!hosts) {
		give_up(discovery);
		return;
	}
	if (discovery->local_dc[0] == '\0')
		memcpy(discovery->local_dc, discovery->nodes[0].dc, CQL_DC_MAX);
	for (i = 0; i < discovery->node_count; i++) {
		struct cql_address address = {.addr = discovery->nodes[i].addr,
					      .len = sizeof(struct sockaddr_in6)};

		hosts[i] =
			i == 0 ? control_host(discovery) : cql_cluster_find(cluster, &address.addr);
		if (!hosts[i])
			hosts[i] = cql_cluster_add(cluster, &address);
		if (hosts[i])
			hosts[i]->remote = strcmp(discovery->nodes[i].dc, discovery->local_dc) != 0;
	}
	remove_others(cluster, hosts, discovery->node_count);
	take_ring(discovery, hosts);
	free(hosts);
	forget_nodes(discovery);
	discovery->step = CQL_DISCOVER_IDLE;
	discovery->complete = true;
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
	if (discovery->step == CQL_DISCOVER_APPLY)
		apply(discovery);
	if (discovery->step != CQL_DISCOVER_IDLE)
		send_step(discovery);
}
