/* SPDX-License-Identifier: MIT */
#include "store/drivers/cassandra/cql_nodes.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>

#include "store/drivers/cassandra/cql_cluster.h"

#define PARTITIONER "org.apache.cassandra.dht.Murmur3Partitioner"

/* --- rows ------------------------------------------------------------------------------------ */

static struct slice cell(const struct cql_rows *rows, const struct cql_bytes *cells,
			 const char *column)
{
	int index = cql_rows_column(rows, column);

	return index < 0 || cells[index].null ? (struct slice){NULL, 0} : cells[index].data;
}

/* 0.0.0.0 and :: mean "the address by which the other nodes know me". */
static bool is_any(struct slice address)
{
	static const char zero[16];

	return address.len <= sizeof(zero) && memcmp(address.ptr, zero, address.len) == 0;
}

static bool peer_address(const struct cql_rows *rows, const struct cql_bytes *cells, bool v2,
			 unsigned int port, struct sockaddr_storage *addr)
{
	struct slice address = cell(rows, cells, v2 ? "native_address" : "rpc_address");
	struct slice own_port = cell(rows, cells, "native_port");
	struct cql_reader reader;

	if (address.len == 0)
		return false;
	if (is_any(address))
		address = cell(rows, cells, "peer");
	cql_reader_init(&reader, own_port);
	if (own_port.len == sizeof(int32_t))
		port = (unsigned int)cql_read_int(&reader) & UINT16_MAX;
	return cql_address_set(addr, address, port);
}

static int add_node(struct cql_nodes *nodes, const struct cql_rows *rows,
		    const struct cql_bytes *cells, const struct sockaddr_storage *addr)
{
	struct slice dc = cell(rows, cells, "data_center"), tokens = cell(rows, cells, "tokens");
	struct cql_node node = {.addr = *addr}, *list;

	if (nodes->count == CQL_HOSTS_MAX || dc.len >= sizeof(node.dc))
		return 0;
	list = realloc(nodes->list, (nodes->count + 1) * sizeof(*list));
	if (!list)
		return -ENOMEM;
	if (dc.len > 0)
		memcpy(node.dc, dc.ptr, dc.len);
	nodes->list = list;
	list[nodes->count++] = node;
	if (tokens.len == 0 || !nodes->murmur3)
		return 0;
	return cql_ring_add(&nodes->ring, tokens, (uint32_t)(nodes->count - 1));
}

int cql_nodes_read_local(struct cql_nodes *nodes, const struct cql_rows *rows)
{
	const struct sockaddr_storage nowhere = {0};
	struct cql_bytes cells[CQL_COLUMNS_MAX];
	struct cql_rows left = *rows;

	if (cql_rows_next(&left, cells) <= 0)
		return -EPROTO;
	nodes->murmur3 = slice_is(cell(rows, cells, "partitioner"), PARTITIONER);
	return add_node(nodes, rows, cells, &nowhere);
}

int cql_nodes_read_peers(struct cql_nodes *nodes, const struct cql_rows *rows, bool v2,
			 unsigned int port)
{
	struct cql_bytes cells[CQL_COLUMNS_MAX];
	struct cql_rows left = *rows;
	struct sockaddr_storage addr;
	int ret;

	while ((ret = cql_rows_next(&left, cells)) > 0) {
		if (cell(rows, cells, "tokens").len == 0 ||
		    !peer_address(rows, cells, v2, port, &addr))
			continue;
		ret = add_node(nodes, rows, cells, &addr);
		if (ret < 0)
			return ret;
	}
	return ret;
}

/* --- hosts ----------------------------------------------------------------------------------- */

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
static void take_ring(struct cql_nodes *nodes, struct cql_cluster *cluster,
		      struct cql_host *const *hosts, uint32_t *index)
{
	struct cql_ring *ring = &nodes->ring;
	size_t i, kept = 0;

	for (i = 0; i < nodes->count; i++)
		index[i] = hosts[i] ? host_index(cluster, hosts[i]) : UINT32_MAX;
	for (i = 0; i < ring->count; i++) {
		if (index[ring->tokens[i].node] >= cluster->host_count)
			continue;
		ring->tokens[kept] = ring->tokens[i];
		ring->tokens[kept++].node = index[ring->tokens[i].node];
	}
	ring->count = kept;
	cql_ring_sort(ring);
	cql_ring_release(&cluster->ring);
	cluster->ring = *ring;
	*ring = (struct cql_ring){0};
}

static struct cql_host *asked_host(const struct cql_cluster *cluster, const struct cql_conn *asked)
{
	size_t i;

	for (i = 0; i < cluster->host_count; i++) {
		if (cluster->hosts[i]->conn == asked)
			return cluster->hosts[i];
	}
	return NULL;
}

static struct cql_host *peer_host(struct cql_cluster *cluster, const struct cql_node *node)
{
	const struct cql_address address = {.addr = node->addr, .len = sizeof(struct sockaddr_in6)};

	return cql_cluster_add(cluster, &address);
}

int cql_nodes_apply(struct cql_nodes *nodes, struct cql_cluster *cluster,
		    const struct cql_conn *asked, char local_dc[CQL_DC_MAX])
{
	struct cql_host **hosts = calloc(nodes->count, sizeof(struct cql_host *));
	uint32_t *index = calloc(nodes->count, sizeof(*index));
	size_t i;
	int ret = hosts && index ? 0 : -ENOMEM;

	if (ret == 0 && local_dc[0] == '\0')
		memcpy(local_dc, nodes->list[0].dc, CQL_DC_MAX);
	for (i = 0; ret == 0 && i < nodes->count; i++) {
		hosts[i] =
			i == 0 ? asked_host(cluster, asked) : peer_host(cluster, &nodes->list[i]);
		if (hosts[i])
			hosts[i]->remote = strcmp(nodes->list[i].dc, local_dc) != 0;
	}
	if (ret == 0) {
		remove_others(cluster, hosts, nodes->count);
		take_ring(nodes, cluster, hosts, index);
	}
	free(hosts);
	free(index);
	cql_nodes_release(nodes);
	return ret;
}

void cql_nodes_release(struct cql_nodes *nodes)
{
	free(nodes->list);
	cql_ring_release(&nodes->ring);
	*nodes = (struct cql_nodes){0};
}
