/* SPDX-License-Identifier: MIT */
/* Answers for those who may not read the stores: in the collector, from its own dicts. */
#ifndef DOVETAP_CLI_ASK_SERVE_H
#define DOVETAP_CLI_ASK_SERVE_H

#include "base/buf.h"
#include "base/error.h"

/* A lookups_fn (collector/lookups.h) whose context is the plan: appends what ask_wire.h has of the
 * user. Logs nothing: anybody of the group could fill the log. */
int ask_serve(const void *context, struct slice user, int64_t timeout_ns, struct buf *out,
	      struct error *error_r);

#endif
