/* SPDX-License-Identifier: MIT */
/*
 * What a running dovetap answers who may not read its stores: lines of fields between tabs.
 *
 *	since    ns  errno  reason          when recording began; ns 0: not known, and why not
 *	record   service  address  value  ns  class        texts in hex; ns -1: the value is no time
 */
#ifndef DOVETAP_CLI_ASK_WIRE_H
#define DOVETAP_CLI_ASK_WIRE_H

#include "base/buf.h"
#include "base/error.h"
#include "cli/roster.h"

#define ASK_WIRE_TEXT_MAX 65536 /* bytes of a text of a record */

struct ask_since {
	int64_t from_ns;    /* 0: not known */
	struct error error; /* and why */
};

void ask_wire_add_since(struct buf *out, const struct ask_since *since);
void ask_wire_add_record(struct buf *out, const struct roster_record *record);

/* Returns 0 to go on, or a negative errno. The user of the record is empty. */
typedef int ask_wire_cb(const struct roster_record *record, void *context, struct error *error_r);

/* Calls back for each record of an answer. -EPROTO for any other text. */
int ask_wire_parse(struct slice answer, struct ask_since *since_r, ask_wire_cb *cb, void *context,
		   struct error *error_r);

#endif
