/* SPDX-License-Identifier: MIT */
#include "store/drivers/redis/redis_conn.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>

#include "base/clock.h"
#include "store/drivers/redis/resp.h"

void redis_conn_init(struct redis_conn *conn, const struct redis_login *login,
		     const struct stream_target *target)
{
	*conn = (struct redis_conn){.login = login, .target = *target, .stream = STREAM_INIT};
}

void redis_conn_close(struct redis_conn *conn)
{
	stream_close(&conn->stream);
	redis_reader_release(&conn->reader);
	conn->overfed = false;
	conn->role_ns = 0;
}

/* --- commands and replies ------------------------------------------------------------------ */

static int feed_replies(struct slice data, void *context, struct error *error_r)
{
	struct redis_ask *ask = context;
	struct redis_conn *conn = ask->conn;
	redisReply *reply;
	int ret = redis_reader_feed(&conn->reader, data, error_r);

	if (ret < 0)
		return ret;
	while (ask->count < ask->expected) {
		ret = redis_reader_next(&conn->reader, &reply, error_r);
		if (ret <= 0)
			return ret;
		ret = ask->cb(reply, ask->count, ask->context, error_r);
		freeReplyObject(reply);
		if (ret < 0)
			return ret;
		ask->count++;
	}
	conn->overfed = !redis_reader_is_empty(&conn->reader);
	return 1;
}

struct stream_exchange redis_ask_exchange(struct redis_ask *ask, const struct buf *out)
{
	ask->count = 0;
	return (struct stream_exchange){.stream = &ask->conn->stream,
					.out = buf_slice(out),
					.feed = feed_replies,
					.context = ask};
}

int redis_ask(struct redis_ask *ask, const struct buf *out, int64_t deadline_ns,
	      struct error *error_r)
{
	struct stream_exchange exchange = redis_ask_exchange(ask, out);
	struct pollfd scratch;

	if (out->failed < 0)
		return error_set(error_r, -out->failed, "cannot build a request: %s",
				 strerrordesc_np(-out->failed));
	stream_exchange_all(&exchange, 1, &scratch, deadline_ns);
	if (exchange.ret < 0)
		redis_conn_close(ask->conn);
	if (exchange.ret < 0 && error_r)
		*error_r = exchange.error;
	return exchange.ret;
}

const char *redis_conn_show(const struct redis_conn *conn, const char *reply)
{
	const char *password = conn->login->password;

	return *password && strstr(reply, password) ? "ERR (hidden: it repeats the password)"
						    : reply;
}

bool redis_reply_is(const redisReply *reply, const char *status)
{
	return reply->type == REDIS_REPLY_STATUS && strcmp(reply->str, status) == 0;
}

int redis_conn_is_not_redis(const struct redis_conn *conn, const redisReply *reply,
			    struct error *error_r)
{
	return error_set(error_r, EPROTO, "unexpected reply \"%s\": is this Redis?",
			 reply->str ? redis_conn_show(conn, reply->str) : "(no text)");
}

/* --- opening ------------------------------------------------------------------------------- */

/* ["master", offset, [replicas...]], ["slave", host, port, ...], or ["sentinel", [names...]] */
int redis_conn_set_role(struct redis_conn *conn, const redisReply *reply, struct error *error_r)
{
	if (reply->type != REDIS_REPLY_ARRAY || reply->elements < 2 ||
	    reply->element[0]->type != REDIS_REPLY_STRING)
		return redis_conn_is_not_redis(conn, reply, error_r);
	conn->role_ns = clock_monotonic_ns();
	conn->is_master = reply->elements >= 3 && strcmp(reply->element[0]->str, "master") == 0;
	conn->replicas = conn->is_master && reply->element[2]->type == REDIS_REPLY_ARRAY
				 ? reply->element[2]->elements
				 : 0;
	return 0;
}

struct greeting {
	struct redis_conn *conn;
	size_t commands;
};

static int on_greeting(const redisReply *reply, size_t index, void *context, struct error *error_r)
{
	const struct greeting *greeting = context;

	if (reply->type == REDIS_REPLY_ERROR)
		return error_set(error_r, EACCES, "%s%s",
				 redis_conn_show(greeting->conn, reply->str),
				 resp_error_find(reply->str)->hint);
	if (index + 1 == greeting->commands && greeting->conn->login->role)
		return redis_conn_set_role(greeting->conn, reply, error_r);
	return redis_reply_is(reply, "OK")
		       ? 0
		       : redis_conn_is_not_redis(greeting->conn, reply, error_r);
}

/* Returns the number of commands. */
static size_t append_greeting(const struct redis_login *login, struct buf *out)
{
	struct slice user = slice_str(login->username), password = slice_str(login->password);
	char db[24];

	if (password.len && user.len)
		RESP_APPEND(out, slice_str("AUTH"), user, password);
	else if (password.len)
		RESP_APPEND(out, slice_str("AUTH"), password);
	snprintf(db, sizeof(db), "%lld", (long long)login->db);
	if (login->db != 0)
		RESP_APPEND(out, slice_str("SELECT"), slice_str(db));
	if (login->role)
		RESP_APPEND(out, slice_str("ROLE"));
	return (password.len > 0) + (login->db != 0) + login->role;
}

static int greet(struct redis_conn *conn, int64_t deadline_ns, struct error *error_r)
{
	struct greeting greeting = {.conn = conn};
	struct redis_ask ask = {.conn = conn, .cb = on_greeting, .context = &greeting};
	struct buf out;
	int ret = 0;

	buf_init(&out, REDIS_OUT_MAX);
	ask.expected = greeting.commands = append_greeting(conn->login, &out);
	if (ask.expected > 0)
		ret = redis_ask(&ask, &out, deadline_ns, error_r);
	buf_release(&out);
	return ret;
}

int redis_conn_open(struct redis_conn *conn, int64_t deadline_ns, struct error *error_r)
{
	int ret;

	if (conn->reader.hiredis && !conn->overfed && stream_is_fresh(&conn->stream))
		return 0;
	redis_conn_close(conn);
	ret = stream_connect(&conn->stream, &conn->target, deadline_ns, error_r);
	if (ret < 0)
		return ret;
	ret = redis_reader_init(&conn->reader, error_r);
	if (ret == 0)
		ret = greet(conn, deadline_ns, error_r);
	if (ret < 0)
		redis_conn_close(conn);
	return ret;
}
