/* SPDX-License-Identifier: MIT */
/*
 * All that is kept of a user goes: from each dict of the plan, its spool and its dead letters.
 * Where a dovetap runs it does that itself, so that nothing which it has in memory comes back
 * (collector/collector_forget.c); dicts that it does not have, and all of them where none runs, are
 * opened here.
 */
#ifndef DOVETAP_CLI_FORGET_H
#define DOVETAP_CLI_FORGET_H

#include "base/buf.h"
#include "plan/plan.h"

struct forget_options {
	const struct plan *plan;
	const char *control; /* where a running dovetap would answer */
	bool dry_run;	     /* only counts, and asks no running dovetap */
};

/* What became of a user in one dict; valid during the call. */
struct forget_result {
	const char *dict;	   /* its name, for people */
	int removed;		   /* records of the dict; or a negative errno */
	uint64_t waiting, refused; /* records in memory and spool, and dead letters */
	const char *error;
};

typedef void forget_result_cb(const struct forget_result *result, void *context);

/* Does a dovetap run? 1, 0; or -EBUSY when one has the state directory and does not answer. */
int forget_find_service(const struct forget_options *options, struct error *error_r);

/* Calls back for each dict; service is of forget_find_service(). Returns 0, the last negative errno
 * of a dict, or with error_r that of the service, or -REMOVED_UNNOTED (pipeline/removed.h). */
int forget_user(const struct forget_options *options, bool service, struct slice user,
		forget_result_cb *cb, void *context, struct error *error_r);

/* Is it a name under which Dovecot logs in? -EINVAL with the one that it would make of it. */
int forget_check_name(const struct plan *plan, struct slice user, struct error *error_r);

#endif
