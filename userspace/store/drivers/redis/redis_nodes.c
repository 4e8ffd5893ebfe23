/* SPDX-License-Identifier: MIT */
#include "store/drivers/redis/redis_nodes.h"

#include <stdlib.h>

static void node_free(struct redis_node *node)
{
	redis_conn_close(&node->conn);
	buf_release(&node->out);
	free(node->queue);
	free(node->host);
	free(node);
}

static struct redis_node *node_new(struct slice host, int64_t port, const struct redis_login *login,
				   const struct stream_target *target)
{
	struct redis_node *node = calloc(1, sizeof(*node));

	if (!node)
		return NULL;
	redis_conn_init(&node->conn, login, target);
	buf_init(&node->out, REDIS_OUT_MAX);
	node->host = strndup(host.ptr ? host.ptr : "", host.len);
	if (!node->host) {
		node_free(node);
		return NULL;
	}
	node->conn.target.host = node->host;
	node->conn.target.port = port;
	return node;
}

static struct redis_node *find(const struct redis_nodes *nodes, struct slice host, int64_t port)
{
	for (size_t i = 0; i < nodes->count; i++) {
		if (nodes->list[i]->conn.target.port == port &&
		    slice_is(host, nodes->list[i]->host))
			return nodes->list[i];
	}
	return NULL;
}

static bool make_room(struct redis_nodes *nodes)
{
	size_t size = nodes->size ? 2 * nodes->size : 8;
	struct redis_node **list;

	if (nodes->count < nodes->size)
		return true;
	if (nodes->count >= REDIS_NODES_MAX)
		return false;
	list = realloc(nodes->list, size * sizeof(struct redis_node *));
	if (!list)
		return false;
	nodes->list = list;
	nodes->size = size;
	return true;
}

struct redis_node *redis_nodes_get(struct redis_nodes *nodes, struct slice host, int64_t port,
				   const struct redis_login *login,
				   const struct stream_target *target)
{
	struct redis_node *node = find(nodes, host, port);

	if (node)
		return node;
	node = make_room(nodes) ? node_new(host, port, login, target) : NULL;
	if (node)
		nodes->list[nodes->count++] = node;
	return node;
}

void redis_nodes_prune(struct redis_nodes *nodes)
{
	size_t kept = 0;

	for (size_t i = 0; i < nodes->count; i++) {
		if (nodes->list[i]->named)
			nodes->list[kept++] = nodes->list[i];
		else
			node_free(nodes->list[i]);
	}
	nodes->count = kept;
}

void redis_nodes_release(struct redis_nodes *nodes)
{
	for (size_t i = 0; i < nodes->count; i++)
		node_free(nodes->list[i]);
	free(nodes->list);
	*nodes = (struct redis_nodes){0};
}
