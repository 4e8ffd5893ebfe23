/* SPDX-License-Identifier: MIT */
/*
 * Redis' protocol as far as hiredis leaves it to us: building commands, and what an error reply
 * means for a record. No I/O.
 */
#ifndef DOVETAP_REDIS_RESP_H
#define DOVETAP_REDIS_RESP_H

#include "base/buf.h"
#include "store/dict.h"

/* Appends a command of count arguments, which may hold any bytes. */
int resp_append(struct buf *out, const struct slice *arguments, size_t count);

#define RESP_APPEND(out, ...)                                                                      \
	resp_append(out, (struct slice[]){__VA_ARGS__},                                            \
		    sizeof((struct slice[]){__VA_ARGS__}) / sizeof(struct slice))

struct resp_error {
	const char *code; /* the first word of the reply; "" for the rest */
	enum dict_outcome outcome;
	bool everything;  /* no other record for this server would fare better */
	bool reconnect;	  /* this connection will not do better later */
	bool moves;	  /* a Redis Cluster's word that other nodes may do better */
	const char *hint; /* for the operator, or "" */
};

/* Never NULL. */
const struct resp_error *resp_error_find(const char *reply);

/* "MOVED 3999 127.0.0.1:6381", or ASK. */
struct resp_redirect {
	bool ask;	   /* for this command only, behind ASKING */
	struct slice host; /* in the reply; empty for the host that sent it */
	int64_t port;
};

/* False for anything else, such as a redirection to nowhere. */
bool resp_redirect_parse(const char *reply, struct resp_redirect *redirect_r);

#endif
