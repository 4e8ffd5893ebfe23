/* SPDX-License-Identifier: MIT */
/*
 * What the files of the driver share: proxy.c has its settings and slots, proxy_conn.c a
 * connection, proxy_write.c and proxy_read.c what is sent on it.
 *
 * Other programs than Dovecot's dict server listen behind "proxy:", which know what the plugin
 * sends and nothing more. So a server gets just that, one transaction a connection, until it has
 * shown that it is Dovecot's: its replies have numbers and times. Then transactions are pipelined,
 * carry the time of the login, and are compared by a lookup.
 */
#ifndef DOVETAP_STORE_DRIVERS_PROXY_PROXY_PRIVATE_H
#define DOVETAP_STORE_DRIVERS_PROXY_PROXY_PRIVATE_H

#include "base/buf.h"
#include "base/clock.h"
#include "store/dict.h"
#include "store/drivers/proxy/dict_proto.h"
#include "store/stream.h"

#define PROXY_CHUNK 500 /* commands under way at a time */

struct proxy_settings {
	char *socket, *name;
	int64_t idle_msecs, warn_slow_msecs;
};

struct proxy {
	struct dict dict;
	struct proxy_settings settings;
	char *path;
	struct stream_target target;
	struct stream stream;
	unsigned int major; /* 0 until known */
	bool own;	    /* the socket is one that Dovecot's dict server makes */
	bool dovecots;	    /* it takes lookups and timestamps */
	uint64_t last_id, last_number;
	int64_t used_ns;
	struct buf out, in;
};

/* --- proxy_conn.c */

/* Connects when it has to, and leaves the greeting in out, to be sent with what follows. user is
 * named in it where the protocol wants that. */
int proxy_connect(struct proxy *proxy, struct slice user, int64_t deadline_ns,
		  struct error *error_r);

/* May the next command go over the same connection? */
bool proxy_keeps_connection(const struct proxy *proxy);
void proxy_disconnect(struct proxy *proxy);

/* command counts from 0. */
typedef void proxy_reply_cb(const struct dict_proto_reply *reply, size_t command, void *context);

/* Sends out, in which there are so many commands that are answered. *sent_r may be NULL. Errors:
 * those of stream_exchange(), -EPROTO. */
int proxy_transact(struct proxy *proxy, size_t commands, proxy_reply_cb *cb, void *context,
		   int64_t deadline_ns, bool *sent_r, struct error *error_r);

/* The server ended the connection without an answer. */
bool proxy_was_closed(int ret);

/*
 * Finds a major of which the server keeps the connection open after the greeting, for so long: one
 * that it does not speak, or that lacks the dict, ends it at once. -ECONNRESET: there is none.
 */
int proxy_find_major(struct proxy *proxy, int64_t wait_ns, int64_t deadline_ns,
		     struct error *error_r);

/* --- proxy_write.c, proxy_read.c, proxy_remove.c: slots */

int proxy_write(struct dict *dict, struct dict_entry *entries, size_t count, int64_t deadline_ns,
		struct error *error_r);
int proxy_lookup(struct dict *dict, struct slice user, const struct slice *keys, size_t key_count,
		 int64_t deadline_ns, dict_record_cb *cb, void *context, struct error *error_r);

int proxy_unset(struct dict *dict, const struct slice *keys, size_t key_count, int64_t deadline_ns,
		struct error *error_r);

/* As proxy_lookup(), for the comparison: what cannot be read is not there. Many a map can be
 * written to but not be read; what ails the server shows when it is written to. */
int proxy_read(struct dict *dict, struct slice user, const struct slice *keys, size_t key_count,
	       int64_t deadline_ns, dict_record_cb *cb, void *context, struct error *error_r);

/* Gives an entry that must not be sent its outcome: the server dies of keys outside its name
 * spaces, cuts the connection for long lines, and takes what stands in front of a NUL for the
 * whole, another user's key. */
bool proxy_can_send(const struct proxy *proxy, struct dict_entry *entry);

#endif
