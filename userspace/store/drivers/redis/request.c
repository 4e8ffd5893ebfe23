/* SPDX-License-Identifier: MIT */
/*
 * One round:
 *
 *	locate -> route each pending entry to a node, append its commands -> exchange with all
 *	nodes at once -> outcome, or pending again with another node
 */
#include "store/drivers/redis/request.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "store/drivers/redis/resp.h"

#define CHUNK_SIZE (1UL << 20) /* sent to a node before the next commands are built */
#define TRIES_MAX  5
#define ROLE_NS	   NS_PER_SEC /* how old our idea of the replicas may be */
#define WAIT_MSECS "1000"

/* In a node's queue, instead of the index of an entry. */
enum { FOR_ASKING = UINT32_MAX - 2, FOR_WAIT, FOR_ROLE };

int64_t redis_sooner(int64_t deadline_ns, int64_t span_ns)
{
	int64_t own = clock_monotonic_ns() + span_ns;

	return span_ns > 0 && own < deadline_ns ? own : deadline_ns;
}

/* --- nodes in a request ---------------------------------------------------------------------- */

/* What concerns the node as a whole; error has been set. */
static void node_failed(struct redis *redis, struct redis_node *node, const struct error *error)
{
	if (node->failed)
		return;
	node->why = *error;
	node->failed = true;
	if (redis->topology->failed)
		redis->topology->failed(redis, node);
}

/* Whether the node can be sent something in this round, which begins here for it. */
static bool join_round(struct redis_request *request, struct redis_node *node, int64_t deadline_ns)
{
	const struct redis_topology *topology = request->redis->topology;
	struct error error = {0};

	if (node->joined)
		return true;
	if (node->failed || clock_monotonic_ns() < node->down_until_ns)
		return false;
	node->used = true;
	if (redis_conn_open(&node->conn, redis_sooner(deadline_ns, topology->connect_ns), &error) <
	    0) {
		node_failed(request->redis, node, &error);
		return false;
	}
	buf_reset(&node->out);
	node->wanted = node->acked = 0;
	node->joined = true;
	request->round.nodes[request->round.count++] = node;
	return true;
}

static bool enqueue(struct redis_node *node, uint32_t what, size_t replies)
{
	size_t size = node->queue_size ? node->queue_size : 256;
	uint32_t *queue;

	while (size < node->queued + replies)
		size *= 2;
	if (size > node->queue_size) {
		queue = realloc(node->queue, size * sizeof(*queue));
		if (!queue)
			return false;
		node->queue = queue;
		node->queue_size = size;
	}
	while (replies-- > 0)
		node->queue[node->queued++] = what;
	return true;
}

/* --- a round: sending ------------------------------------------------------------------------ */

static struct slice full_key(struct redis *redis, const struct dict_entry *entry)
{
	struct slice name = redis->history > 0 ? history_set_of(entry) : dict_key_name(entry->key);

	if (*redis->settings.prefix == '\0')
		return name;
	buf_reset(&redis->key);
	buf_append_str(&redis->key, redis->settings.prefix);
	buf_append_slice(&redis->key, name);
	return buf_slice(&redis->key);
}

static void append_entry(struct redis_request *request, struct redis_node *node, size_t index,
			 struct slice key)
{
	struct dict_entry *entry = &request->entries[index];
	bool asking = request->steps[index].asking, room = true;
	size_t replies;

	if (asking) {
		RESP_APPEND(&node->out, slice_str("ASKING"));
		room = enqueue(node, FOR_ASKING, 1);
	}
	replies = request->append(request, node, entry, key);
	if (request->redis->key.failed)
		node->out.failed = request->redis->key.failed;
	if (!room || !enqueue(node, (uint32_t)index, replies))
		node->out.failed = -ENOMEM;
}

static void keep(struct dict_entry *entry, const struct redis_node *node)
{
	dict_entry_set(entry, DICT_RETRY, "%s",
		       node ? node->why.text : "no node of the cluster has this slot");
}

/* Leaves the entry pending when the node's chunk is full. */
static void send_entry(struct redis_request *request, size_t index, int64_t deadline_ns)
{
	struct redis *redis = request->redis;
	struct redis_step *step = &request->steps[index];
	struct slice key = full_key(redis, &request->entries[index]);
	struct redis_node *node = step->node ? step->node : redis->topology->route(redis, key);

	if (!node || !join_round(request, node, deadline_ns)) {
		keep(&request->entries[index], node);
		return;
	}
	if (node->out.len >= CHUNK_SIZE)
		return;
	if (step->tries++ < TRIES_MAX)
		append_entry(request, node, index, key);
	else
		dict_entry_set(&request->entries[index], DICT_RETRY,
			       "%s:%lld: gave up after %d redirections", node->host,
			       (long long)node->conn.target.port, TRIES_MAX);
}

/* Behind the entries: have the replicas got them, and how many are there? */
static void append_checks(struct redis_request *request, struct redis_node *node)
{
	size_t replicas = (size_t)request->redis->settings.replicas;
	char count[24];

	if (!request->writes || replicas == 0 || node->queued == 0)
		return;
	node->wanted = replicas < node->conn.replicas ? replicas : node->conn.replicas;
	snprintf(count, sizeof(count), "%zu", node->wanted);
	if (node->wanted > 0) {
		RESP_APPEND(&node->out, slice_str("WAIT"), slice_str(count), slice_str(WAIT_MSECS));
		if (!enqueue(node, FOR_WAIT, 1))
			node->out.failed = -ENOMEM;
	}
	if (clock_monotonic_ns() - node->conn.role_ns > ROLE_NS) {
		RESP_APPEND(&node->out, slice_str("ROLE"));
		if (!enqueue(node, FOR_ROLE, 1))
			node->out.failed = -ENOMEM;
	}
}

/* --- a round: replies ------------------------------------------------------------------------ */

static void on_error(struct redis_request *request, struct redis_node *node, uint32_t what,
		     const char *reply)
{
	const struct resp_error *error = resp_error_find(reply);
	const struct redis_topology *topology = request->redis->topology;
	struct dict_entry *entry = what < FOR_ASKING ? &request->entries[what] : NULL;
	struct error why = {0};

	if (entry && error->moves && topology->redirect && entry->outcome == DICT_PENDING) {
		if (!topology->redirect(request->redis, node, reply, &request->steps[what]))
			dict_entry_set(entry, DICT_RETRY, "%s", reply);
		return;
	}
	if (entry && error->outcome == DICT_PENDING) {
		node->load_script = true;
		return;
	}
	error_set(&why, EAGAIN, "%s%s", redis_conn_show(&node->conn, reply), error->hint);
	if (entry && entry->outcome == DICT_PENDING)
		dict_entry_set(entry, error->outcome, "%s", why.text);
	node->reconnect |= error->reconnect;
	if (error->everything)
		node_failed(request->redis, node, &why);
}

/* Of the reply itself, or of the first within EXEC's array. */
static const char *error_in(const redisReply *reply)
{
	if (reply->type == REDIS_REPLY_ARRAY && reply->elements > 0)
		reply = reply->element[0];
	return reply->type == REDIS_REPLY_ERROR ? reply->str : NULL;
}

static int on_reply(const redisReply *reply, size_t index, void *context, struct error *error_r)
{
	struct redis_node *node = ((const struct redis_reading *)context)->node;
	struct redis_request *request = ((const struct redis_reading *)context)->request;
	uint32_t what = node->queue[index];
	bool last = index + 1 == node->queued || node->queue[index + 1] != what;

	if (what == FOR_ASKING && reply->type == REDIS_REPLY_ERROR)
		return 0; /* the next reply has the error */
	if (what == FOR_ASKING)
		return redis_reply_is(reply, "OK")
			       ? 0
			       : redis_conn_is_not_redis(&node->conn, reply, error_r);
	if (error_in(reply))
		on_error(request, node, what, error_in(reply));
	else if (what == FOR_WAIT)
		node->acked = reply->type == REDIS_REPLY_INTEGER && reply->integer > 0
				      ? (size_t)reply->integer
				      : 0;
	else if (what == FOR_ROLE)
		return redis_conn_set_role(&node->conn, reply, error_r);
	else if (request->entries[what].outcome == DICT_PENDING &&
		 !request->answered(request, &request->entries[what], reply, last))
		return redis_conn_is_not_redis(&node->conn, reply, error_r);
	return 0;
}

/* Entries from the reply on for which none came. */
static void nothing_came(struct redis_request *request, struct redis_node *node, bool sent)
{
	for (size_t i = node->ask.count; i < node->queued; i++) {
		struct dict_entry *entry =
			node->queue[i] < FOR_ASKING ? &request->entries[node->queue[i]] : NULL;

		if (entry && entry->outcome == DICT_PENDING)
			dict_entry_set(entry, sent ? DICT_UNCERTAIN : DICT_RETRY, "%s",
				       sent ? "sent, no answer" : node->why.text);
	}
}

/* A master that dies now may take along what no replica has. Sent again, it will find itself
 * there and wait for the replicas once more. */
static void not_safe_yet(struct redis_request *request, struct redis_node *node)
{
	for (size_t i = 0; i < node->queued; i++) {
		struct dict_entry *entry =
			node->queue[i] < FOR_ASKING ? &request->entries[node->queue[i]] : NULL;

		if (entry && (entry->outcome == DICT_STORED || entry->outcome == DICT_UNCHANGED))
			dict_entry_set(entry, DICT_UNCERTAIN,
				       "stored, but not by %zu of the replicas yet", node->wanted);
	}
	node->conn.role_ns = 0;
}

static void finish_node(struct redis_request *request, struct redis_node *node,
			const struct stream_exchange *exchange)
{
	if (exchange->ret < 0) {
		redis_conn_close(&node->conn);
		node_failed(request->redis, node, &exchange->error);
		nothing_came(request, node, exchange->sent);
	} else if (!node->failed) {
		node->failures = 0;
		node->down_until_ns = 0;
	}
	if (node->acked < node->wanted)
		not_safe_yet(request, node);
	if (node->reconnect)
		redis_conn_close(&node->conn);
	node->reconnect = false;
	node->queued = 0;
}

/* --- rounds ---------------------------------------------------------------------------------- */

static int round_init(struct redis_round *round, size_t nodes, struct error *error_r)
{
	*round = (struct redis_round){
		.nodes = calloc(nodes, sizeof(struct redis_node *)),
		.readings = calloc(nodes, sizeof(struct redis_reading)),
		.exchanges = calloc(nodes, sizeof(struct stream_exchange)),
		.polls = calloc(nodes, sizeof(struct pollfd)),
	};
	if (!round->nodes || !round->readings || !round->exchanges || !round->polls)
		return error_set(error_r, ENOMEM, "out of memory");
	return 0;
}

static void round_release(struct redis_round *round)
{
	free(round->nodes);
	free(round->readings);
	free(round->exchanges);
	free(round->polls);
}

/* A node whose commands could not be built gets none of them. */
static bool is_ready(struct redis_request *request, struct redis_node *node)
{
	struct error why = {0};

	if (node->out.failed < 0) {
		error_set(&why, -node->out.failed, "cannot build a request: %s",
			  strerrordesc_np(-node->out.failed));
		node_failed(request->redis, node, &why);
		nothing_came(request, node, false);
		node->queued = 0;
	}
	return node->queued > 0;
}

static void exchange(struct redis_request *request, int64_t deadline_ns)
{
	struct redis_round *round = &request->round;
	size_t count = 0;

	for (size_t i = 0; i < round->count; i++) {
		struct redis_node *node = round->nodes[i];

		node->joined = false;
		append_checks(request, node);
		if (!is_ready(request, node))
			continue;
		round->readings[count] = (struct redis_reading){request, node};
		node->ask = (struct redis_ask){.conn = &node->conn,
					       .expected = node->queued,
					       .cb = on_reply,
					       .context = &round->readings[count]};
		round->exchanges[count] = redis_ask_exchange(&node->ask, &node->out);
		round->nodes[count++] = node;
	}
	stream_exchange_all(round->exchanges, count, round->polls, deadline_ns);
	for (size_t i = 0; i < count; i++)
		finish_node(request, round->nodes[i], &round->exchanges[i]);
}

static int run_round(struct redis_request *request, int64_t deadline_ns, struct error *error_r)
{
	struct redis *redis = request->redis;
	int ret = redis->topology->locate(redis, deadline_ns, error_r);

	if (ret == 0)
		ret = round_init(&request->round, redis->nodes.count, error_r);
	for (size_t i = 0; i < request->count && ret == 0; i++) {
		if (request->entries[i].outcome == DICT_PENDING)
			send_entry(request, i, deadline_ns);
	}
	if (ret == 0)
		exchange(request, redis_sooner(deadline_ns, redis->topology->answer_ns));
	round_release(&request->round);
	request->round = (struct redis_round){0};
	return ret;
}

static bool any_pending(const struct redis_request *request)
{
	for (size_t i = 0; i < request->count; i++) {
		if (request->entries[i].outcome == DICT_PENDING)
			return true;
	}
	return false;
}

/* An error, if no server did its part; and everything ready for the next request. */
static int finish(struct redis *redis, struct error *error_r)
{
	const struct redis_node *failed = NULL;
	bool good = false;

	for (size_t i = 0; i < redis->nodes.count; i++) {
		struct redis_node *node = redis->nodes.list[i];

		good |= node->used && !node->failed;
		if (node->failed && !failed)
			failed = node;
		node->used = node->failed = false;
	}
	if (good || !failed)
		return 0;
	if (error_r)
		*error_r = failed->why;
	return -failed->why.code;
}

int redis_request_run(struct redis_request *request, int64_t deadline_ns, struct error *error_r)
{
	struct error error = {0};
	int ret = 0, result;

	request->steps = calloc(request->count, sizeof(*request->steps));
	if (!request->steps)
		return error_set(error_r, ENOMEM, "out of memory");
	while (ret == 0 && any_pending(request))
		ret = run_round(request, deadline_ns, &error);
	free(request->steps);
	result = finish(request->redis, error_r);
	if (ret < 0 && error_r)
		*error_r = error;
	redis_nodes_prune(&request->redis->nodes);
	return ret < 0 ? ret : result;
}
