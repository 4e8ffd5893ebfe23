/* SPDX-License-Identifier: MIT */
/*
 * Redis' protocol as far as hiredis leaves it to us: building commands, and what an error reply
 * means for a record. No I/O.
 */
#ifndef DOVETAP_RESP_H
#define DOVETAP_RESP_H

#include "base/buf.h"
#include "store/dict.h"

/* Appends a command of count arguments, which may hold any bytes. */
int resp_append(struct buf *out, const struct slice *arguments, size_t count);

struct resp_error {
	const char *code; /* the first word of the reply; "" for the rest */
	enum dict_outcome outcome;
	bool everything;  /* no other record would fare better */
	bool reconnect;	  /* this connection will not do better later */
	const char *hint; /* for the operator, or "" */
};

/* Never NULL. */
const struct resp_error *resp_error_find(const char *reply);

#endif
