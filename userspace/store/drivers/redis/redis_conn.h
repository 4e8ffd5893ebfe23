/* SPDX-License-Identifier: MIT */
/*
 * One connection to a Redis or a sentinel: commands out, replies of hiredis in. A server that
 * sends garbage, replies without end, or nothing, costs the connection and no more time than
 * the deadline.
 */
#ifndef DOVETAP_STORE_DRIVERS_REDIS_REDIS_CONN_H
#define DOVETAP_STORE_DRIVERS_REDIS_REDIS_CONN_H

#include "base/buf.h"
#include "store/drivers/redis/reader.h"
#include "store/stream.h"

#define REDIS_OUT_MAX (512UL << 20)

/* Who we are. Nothing is copied. */
struct redis_login {
	const char *username, *password; /* "" for none */
	int64_t db;
	bool role; /* the server's role and replicas are of interest */
};

struct redis_conn {
	const struct redis_login *login;
	struct stream_target target;
	struct stream stream;
	struct redis_reader reader;
	bool overfed; /* there were more replies than commands: none of the next can be trusted */

	/* As of role_ns (0: to be asked again), when login->role. */
	bool is_master;
	size_t replicas;
	int64_t role_ns;
};

void redis_conn_init(struct redis_conn *conn, const struct redis_login *login,
		     const struct stream_target *target);
void redis_conn_close(struct redis_conn *conn);

/* Connects and logs in, unless it is and the server has not closed it. Errors: those of
 * stream_connect(), -EACCES when the server does not let us in. */
int redis_conn_open(struct redis_conn *conn, int64_t deadline_ns, struct error *error_r);

/* Gets each reply, which is freed afterwards. An error ends the exchange: the replies to come
 * cannot be trusted, either. */
typedef int redis_reply_cb(const redisReply *reply, size_t index, void *context,
			   struct error *error_r);

/* Commands that go out together. */
struct redis_ask {
	struct redis_conn *conn;
	size_t expected; /* replies */
	redis_reply_cb *cb;
	void *context;
	size_t count; /* replies that it took */
};

/* For stream_exchange_all(); ask and out must stay until it is over. */
struct stream_exchange redis_ask_exchange(struct redis_ask *ask, const struct buf *out);

/* The same for one connection at once. The connection is closed on errors. */
int redis_ask(struct redis_ask *ask, const struct buf *out, int64_t deadline_ns,
	      struct error *error_r);

/* Takes in the reply to ROLE. -EPROTO when it is none. */
int redis_conn_set_role(struct redis_conn *conn, const redisReply *reply, struct error *error_r);

/* Whether it is that status, such as "OK". */
bool redis_reply_is(const redisReply *reply, const char *status);

/* The error -EPROTO: the reply is none that Redis gives to the command. What greets us with "+OK"
 * may be a POP3 server. */
int redis_conn_is_not_redis(const struct redis_conn *conn, const redisReply *reply,
			    struct error *error_r);

/* An error reply as text: some servers repeat the arguments of a command they do not know, and the
 * password must not get into a log. */
const char *redis_conn_show(const struct redis_conn *conn, const char *reply);

#endif
