/* SPDX-License-Identifier: MIT */
/*
 * A Redis Cluster: which node owns which slot. The map is read with CLUSTER SLOTS from any node
 * that answers, the settings' hosts among them, and again when a node fails or redirects. A node
 * that fails is left alone for a while, so that it does not slow the others down; meanwhile the
 * map is looked at for its successor.
 */
#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"
#include "store/drivers/redis/redis.h"
#include "store/drivers/redis/resp.h"

#define CONNECT_NS (2 * NS_PER_SEC) /* for a node to let us in, or to send the map */
#define ANSWER_NS  (5 * NS_PER_SEC)
#define DOWN_NS	   (250 * NS_PER_MSEC) /* doubled for each failure in a row... */
#define DOWN_MAX   (10 * NS_PER_SEC)   /* ...up to this; half of it at random */
#define AGE_NS	   (500 * NS_PER_MSEC) /* of the map, while it leads to nodes that are down */

/* --- the map --------------------------------------------------------------------------------- */

struct map {
	struct redis *redis;
	const struct redis_node *from;
	struct redis_node **owners; /* SLOT_COUNT; taken over once the reply is through */
};

static int on_range(const struct slot_range *range, void *context, struct error *error_r)
{
	struct map *map = context;
	struct redis *redis = map->redis;
	struct slice host = range->host.len ? range->host : slice_str(map->from->host);
	struct redis_node *node =
		redis_nodes_get(&redis->nodes, host, range->port, &redis->login, &redis->target);

	if (!node)
		return error_set(error_r, ENOMEM, "out of memory, or too many nodes");
	for (unsigned int slot = range->first; slot <= range->last; slot++)
		map->owners[slot] = node;
	return 0;
}

static int on_map(const redisReply *reply, size_t index, void *context, struct error *error_r)
{
	struct map *map = context;

	(void)index;
	if (reply->type == REDIS_REPLY_ERROR)
		return error_set(error_r, EACCES, "%s%s",
				 redis_conn_show(&map->from->conn, reply->str),
				 resp_error_find(reply->str)->hint);
	return slot_ranges_read(reply, on_range, map, error_r);
}

static void take_over(struct redis *redis, struct redis_node **owners)
{
	memcpy(redis->owners, owners, sizeof(redis->owners));
	for (size_t i = 0; i < redis->nodes.count; i++)
		redis->nodes.list[i]->named = false;
	for (size_t i = 0; i < SLOT_COUNT; i++) {
		if (owners[i])
			owners[i]->named = true;
	}
	redis->mapped = true;
	redis->stale = false;
	redis->mapped_ns = clock_monotonic_ns();
}

static int read_map(struct redis *redis, struct redis_node *node, int64_t deadline_ns,
		    struct error *error_r)
{
	struct map map = {.redis = redis, .from = node};
	struct redis_ask ask = {.conn = &node->conn, .expected = 1, .cb = on_map, .context = &map};
	struct buf out;
	int ret = redis_conn_open(&node->conn, deadline_ns, error_r);

	if (ret < 0)
		return ret;
	map.owners = calloc(SLOT_COUNT, sizeof(struct redis_node *));
	if (!map.owners)
		return error_set(error_r, ENOMEM, "out of memory");
	buf_init(&out, REDIS_OUT_MAX);
	RESP_APPEND(&out, slice_str("CLUSTER"), slice_str("SLOTS"));
	ret = redis_ask(&ask, &out, deadline_ns, error_r);
	if (ret == 0)
		take_over(redis, map.owners);
	buf_release(&out);
	free(map.owners);
	return ret;
}

/* --- reading it ------------------------------------------------------------------------------ */

static void put_off(struct redis *redis, struct redis_node *node)
{
	unsigned int doublings = node->failures < 10 ? node->failures : 10;
	int64_t span = DOWN_NS << doublings;

	span = span < DOWN_MAX ? span : DOWN_MAX;
	span = span / 2 + span / 2 * (rand_r(&redis->random) % 1024) / 1024;
	node->failures++;
	node->down_until_ns = clock_monotonic_ns() + span;
}

/* From this node, which may be one that had been put off. */
static int try_node(struct redis *redis, struct redis_node *node, int64_t deadline_ns,
		    struct error *error_r)
{
	int ret = read_map(redis, node, redis_sooner(deadline_ns, CONNECT_NS), &node->why);

	if (ret < 0 && error_r)
		*error_r = node->why;
	if (ret < 0 && error_r)
		error_prefix(error_r, "%s:%lld", node->host, (long long)node->conn.target.port);
	if (ret < 0)
		put_off(redis, node);
	else
		node->down_until_ns = 0;
	return ret;
}

/* The nodes of the settings are among those that can be asked. */
static int add_seeds(struct redis *redis, struct error *error_r)
{
	for (size_t i = 0; i < redis->settings.host_count; i++) {
		const struct redis_host *host = &redis->settings.hosts[i];

		if (!redis_nodes_get(&redis->nodes, slice_str(host->name), host->port,
				     &redis->login, &redis->target))
			return error_set(error_r, ENOMEM, "out of memory");
	}
	return 0;
}

/* Nodes that are down are tried only when there is no other. The first error is reported. */
static int find_map(struct redis *redis, bool down, int64_t deadline_ns, struct error *error_r)
{
	int64_t now = clock_monotonic_ns();
	size_t count = redis->nodes.count; /* try_node() may add more */
	struct error *first = error_r;
	int ret = -EAGAIN;

	for (size_t i = 0; i < count && ret < 0; i++) {
		struct redis_node *node = redis->nodes.list[i];

		if ((now < node->down_until_ns) != down || node->failed)
			continue;
		if (clock_monotonic_ns() >= deadline_ns)
			break;
		ret = try_node(redis, node, deadline_ns, first);
		first = NULL;
	}
	return ret;
}

static int locate(struct redis *redis, int64_t deadline_ns, struct error *error_r)
{
	int ret;

	if (redis->mapped && !redis->stale)
		return 0;
	ret = add_seeds(redis, error_r);
	if (ret < 0)
		return ret;
	error_set(error_r, EAGAIN, "no node of the cluster can be asked");
	ret = find_map(redis, false, deadline_ns, error_r);
	if (ret < 0 && !redis->mapped)
		ret = find_map(redis, true, deadline_ns, error_r);
	/* The nodes of an old map may still take what is theirs. */
	return redis->mapped ? 0 : ret;
}

/* --- routing --------------------------------------------------------------------------------- */

/* While a slot has no node, or one that is down, the map is read again now and then: in the next
 * round at the earliest. */
static struct redis_node *route(struct redis *redis, struct slice key)
{
	struct redis_node *owner = redis->owners[slot_of(key)];
	int64_t now = clock_monotonic_ns();

	if ((!owner || now < owner->down_until_ns) && now - redis->mapped_ns > AGE_NS)
		redis->stale = true;
	return owner;
}

/* MOVED and ASK name a node; CLUSTERDOWN, TRYAGAIN, and a redirection to nowhere do not. */
static bool redirect(struct redis *redis, struct redis_node *from, const char *reply,
		     struct redis_step *step)
{
	struct resp_redirect to = {0};
	struct redis_node *node;

	if (!resp_redirect_parse(reply, &to)) {
		redis->stale = true;
		return false;
	}
	redis->stale |= !to.ask;
	if (to.host.len == 0)
		to.host = slice_str(from->host);
	node = redis_nodes_get(&redis->nodes, to.host, to.port, &redis->login, &redis->target);
	if (!node)
		return false;
	step->node = node;
	step->asking = to.ask;
	return true;
}

static void failed(struct redis *redis, struct redis_node *node)
{
	put_off(redis, node);
	redis->stale = true;
}

static int check(const struct redis *redis, struct error *error_r)
{
	unsigned int first = 0, next;

	while (first < SLOT_COUNT && redis->owners[first])
		first++;
	for (next = first; next < SLOT_COUNT && !redis->owners[next];)
		next++;
	if (first < SLOT_COUNT)
		return error_set(error_r, EAGAIN, "the slots %u to %u of the cluster have no node",
				 first, next - 1);
	return 0;
}

const struct redis_topology redis_cluster = {
	.locate = locate,
	.route = route,
	.redirect = redirect,
	.failed = failed,
	.check = check,
	.connect_ns = CONNECT_NS,
	.answer_ns = ANSWER_NS,
};
