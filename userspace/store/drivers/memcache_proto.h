/* SPDX-License-Identifier: MIT */
/* Replies of memcached's text protocol (its doc/protocol.txt). No I/O. */
#ifndef DOVETAP_MEMCACHE_PROTO_H
#define DOVETAP_MEMCACHE_PROTO_H

#include <stdint.h>
#include <sys/types.h>

#include "base/slice.h"

#define MEMCACHE_KEY_MAX  250
#define MEMCACHE_LINE_MAX 2048

enum memcache_reply_type {
	MEMCACHE_VALUE, /* value and cas; an END follows */
	MEMCACHE_END,
	MEMCACHE_STORED,
	MEMCACHE_NOT_STORED, /* the same for NOT_STORED, EXISTS, NOT_FOUND: somebody was faster */
	MEMCACHE_DELETED,
	MEMCACHE_STAT,	  /* "STAT name value"; more of them or an END follow */
	MEMCACHE_REFUSED, /* CLIENT_ERROR, or SERVER_ERROR object too large */
	MEMCACHE_FAILED,  /* ERROR and other SERVER_ERRORs */
};

struct memcache_reply {
	enum memcache_reply_type type;
	struct slice line; /* without CR LF */
	struct slice value;
	uint64_t cas;
};

/* Returns the length of the first reply in the text, 0 when it is not complete, or -EPROTO. The
 * slices point into the text. */
ssize_t memcache_parse(struct slice text, struct memcache_reply *reply_r);

/* Can a key be sent? Blanks and control bytes would end it, or begin another command. */
bool memcache_key_ok(struct slice key);

#endif
