/* SPDX-License-Identifier: MIT */
/*
 * A master that sentinels watch. They are asked one after the other for its address whenever there
 * is no connection to it, beginning with the one that answered last; the server that they name must
 * itself report the role master, for a sentinel may be late.
 *
 * A master that is replaced closes our connection (it was killed, or sentinel demoted it), answers
 * READONLY, or has the role "slave", which is checked each second while there is traffic.
 */
#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"
#include "store/drivers/redis/redis.h"
#include "store/drivers/redis/resp.h"

#define CONNECT_NS (2 * NS_PER_SEC) /* for a sentinel, or its master, to let us in and answer */
#define ANSWER_NS  (5 * NS_PER_SEC)

/* --- asking a sentinel ----------------------------------------------------------------------- */

struct question {
	struct redis *redis;
	const struct redis_conn *conn;
	struct redis_node *master; /* the answer */
};

/* [host, port] */
static struct redis_node *read_address(struct redis *redis, const redisReply *reply)
{
	const redisReply *host, *port;
	int64_t number;

	if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 2)
		return NULL;
	host = reply->element[0];
	port = reply->element[1];
	if (host->type != REDIS_REPLY_STRING || port->type != REDIS_REPLY_STRING)
		return NULL;
	number = strtoll(port->str, NULL, 10);
	if (host->len == 0 || strlen(host->str) != host->len || number < 1 || number > UINT16_MAX)
		return NULL;
	return redis_nodes_get(&redis->nodes, slice_str(host->str), number, &redis->login,
			       &redis->target);
}

static int on_address(const redisReply *reply, size_t index, void *context, struct error *error_r)
{
	struct question *question = context;

	(void)index;
	if (reply->type == REDIS_REPLY_ERROR)
		return error_set(error_r, EACCES, "%s",
				 redis_conn_show(question->conn, reply->str));
	if (reply->type == REDIS_REPLY_NIL)
		return error_set(error_r, ENOENT, "no master is called \"%s\" here",
				 question->redis->settings.sentinel);
	question->master = read_address(question->redis, reply);
	return question->master ? 0 : error_set(error_r, EPROTO, "unexpected input: no address");
}

static int ask_address(struct redis *redis, struct redis_conn *conn, int64_t deadline_ns,
		       struct redis_node **master_r, struct error *error_r)
{
	struct question question = {.redis = redis, .conn = conn};
	struct redis_ask ask = {
		.conn = conn, .expected = 1, .cb = on_address, .context = &question};
	struct buf out;
	int ret = redis_conn_open(conn, deadline_ns, error_r);

	if (ret < 0)
		return ret;
	buf_init(&out, REDIS_OUT_MAX);
	RESP_APPEND(&out, slice_str("SENTINEL"), slice_str("get-master-addr-by-name"),
		    slice_str(redis->settings.sentinel));
	ret = redis_ask(&ask, &out, deadline_ns, error_r);
	buf_release(&out);
	*master_r = question.master;
	return ret;
}

/* --- finding the master ---------------------------------------------------------------------- */

static bool is_master(const struct redis_node *node)
{
	return node->conn.reader.hiredis && node->conn.is_master &&
	       stream_is_fresh(&node->conn.stream);
}

static int open_master(struct redis_node *node, struct error *error_r)
{
	int ret = redis_conn_open(&node->conn, clock_monotonic_ns() + CONNECT_NS, error_r);

	if (ret == 0 && !node->conn.is_master) {
		redis_conn_close(&node->conn);
		ret = error_set(error_r, EAGAIN, "%s:%lld, which it names as the master, is none",
				node->host, (long long)node->conn.target.port);
	}
	return ret;
}

/* Through the sentinel of that index. */
static int find_master(struct redis *redis, size_t index, int64_t deadline_ns,
		       struct error *error_r)
{
	const struct redis_host *host = &redis->settings.hosts[index];
	struct stream_target target = redis->target;
	struct redis_node *master = NULL;
	struct redis_conn conn;
	int ret;

	target.host = host->name;
	target.port = host->port;
	redis_conn_init(&conn, &redis->sentinel_login, &target);
	ret = ask_address(redis, &conn, redis_sooner(deadline_ns, CONNECT_NS), &master, error_r);
	redis_conn_close(&conn);
	if (ret == 0)
		ret = open_master(master, error_r);
	if (ret < 0)
		return error_prefix(error_r, "sentinel %s:%lld", host->name, (long long)host->port);
	if (redis->owners[0])
		redis->owners[0]->named = false;
	master->named = true;
	redis->owners[0] = master;
	redis->sentinel = index;
	return 0;
}

static int locate(struct redis *redis, int64_t deadline_ns, struct error *error_r)
{
	size_t count = redis->settings.host_count;
	struct redis_node *master = redis->owners[0];
	struct error error = {0};
	int ret = -EAGAIN;

	if (master && (master->failed || is_master(master)))
		return 0;
	for (size_t i = 0; i < count && ret < 0; i++) {
		if (clock_monotonic_ns() >= deadline_ns && i > 0)
			break;
		ret = find_master(redis, (redis->sentinel + i) % count, deadline_ns, &error);
		if (i == 0 && ret < 0 && error_r)
			*error_r = error;
	}
	return ret;
}

static struct redis_node *route(struct redis *redis, struct slice key)
{
	(void)key;
	return redis->owners[0];
}

const struct redis_topology redis_sentinel = {
	.locate = locate, .route = route, .connect_ns = CONNECT_NS, .answer_ns = ANSWER_NS};
