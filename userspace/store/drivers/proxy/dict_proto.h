/* SPDX-License-Identifier: MIT */
/*
 * The lines that Dovecot's dict server speaks: majors 2 (Dovecot up to 2.3.16), 3 (2.3.17 to
 * 2.3.21) and 4 (2.4). Fields are separated by tabs and tab-escaped (tabescape.h). No I/O.
 *
 *	H3 2 0 <user> <dict>                  once, no reply
 *	B1 <user>  T1 <secs> <ns>  S1 <key> <value>  C1
 *	B2 <user>  U2 <key>  C2
 *	L<key> <user>
 *	                                      *1            the command gets the number 1
 *	                                      +1 O1 ...     stored; or N1, F1 <error>, W1 <error>
 *	                                      +2 O<value>   found; or N, F<error>
 *
 * A server of another major closes the connection without a word, as it does for a dict name that
 * it does not know.
 */
#ifndef DOVETAP_STORE_DRIVERS_PROXY_DICT_PROTO_H
#define DOVETAP_STORE_DRIVERS_PROXY_DICT_PROTO_H

#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"

#define DICT_PROTO_LINE_MAX 65536

/* All append whole lines and return 0 or the buffer's error. Only major 2 has the user in its
 * greeting. */
int dict_proto_hello(struct buf *out, unsigned int major, struct slice user, const char *dict_name);

/* Major 2 takes the rest of the line for the key, as it is: see dict_proto_can_lookup(). */
int dict_proto_lookup(struct buf *out, unsigned int major, struct slice key);
bool dict_proto_can_lookup(unsigned int major, struct slice key);

/* One transaction that sets one key. time_ns is sent as the write timestamp, which only Cassandra
 * uses; -1 for none. */
int dict_proto_set(struct buf *out, unsigned int major, uint64_t id, struct slice user,
		   struct slice key, struct slice value, int64_t time_ns);

/* One transaction that removes one key, which must be one that can be set. */
int dict_proto_unset(struct buf *out, unsigned int major, uint64_t id, struct slice key);

struct dict_proto_reply {
	bool numbering;		    /* "*N": the oldest command without a number gets this one */
	uint64_t number;	    /* of "*N" and "+N"; 0 for a reply without */
	char result;		    /* 'O', 'N', 'F', 'W' or 'M' */
	struct slice first, second; /* unescaped: "1" and the error, or the value */
	bool timed;		    /* it has a number, and times at its end, as Dovecot's have */
};

/* Takes the first line off text, unescaping in place. Returns its length with the newline, 0 when
 * it is not complete, or -EPROTO. */
ssize_t dict_proto_parse(char *text, size_t len, struct dict_proto_reply *reply_r);

#endif
