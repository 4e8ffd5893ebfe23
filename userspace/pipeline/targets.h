/* SPDX-License-Identifier: MIT */
/* The dicts of a plan, open, each behind its writer, and the routes to them. */
#ifndef DOVETAP_PIPELINE_TARGETS_H
#define DOVETAP_PIPELINE_TARGETS_H

#include <limits.h>
#include <stdbool.h>

#include "pipeline/deliver.h"
#include "plan/plan.h"
#include "store/spool/spool.h"

/* Which dict a writer is of, for what is noted of it. */
struct targets_note {
	const struct plan *plan;
	size_t dict;
};

struct targets {
	const struct plan *plan;
	struct writer **writers; /* plan_dict_count() of them */
	struct deliver_route *routes;
	struct plan_keys *samples;  /* of each dict, for its writer */
	struct targets_note *notes; /* the same */
};

struct targets_options {
	int ack_fd;		     /* an eventfd that wakes the caller (writer.h); 0 for none */
	const struct ledger *ledger; /* where the writers' numbers outlive the process, or NULL */
	uint64_t exposures;	     /* pipeline_exposures() */
	bool spool; /* what a dict does not take waits on disk; else in memory only */
};

/* Starts the writers' threads. On an error *targets is empty. Failure of a spool is logged and no
 * error. */
int targets_open(struct targets *targets, const struct plan *plan,
		 const struct targets_options *options, struct error *error_r);
void targets_close(struct targets *targets); /* also when empty */

/* What deliver.h needs to know of them. */
struct deliver_config targets_describe(const struct targets *targets);

/* The spool of one dict, as the collector has it. Its failure is logged and no error. */
int targets_open_spool(const struct plan *plan, size_t index, struct spool **spool_r,
		       struct error *error_r);

/* Where the spools are: the setting spool_dir or its default, written to dir. */
void targets_spool_dir(const struct plan *plan, char dir[PATH_MAX]);

/* Does any of the dicts take records? */
bool targets_up(const struct targets *targets);

/* Waits until every dict has everything; -ETIMEDOUT with the first that has not. The deadline is
 * on clock_monotonic_ns(). */
int targets_drain(struct targets *targets, int64_t deadline_ns, struct error *error_r);

/* Stops all writers (writer_stop()). Returns 0; or -EIO with the first dict some of whose records
 * are neither written nor in its spool, and in *left_r how many those are, of all dicts. */
int targets_stop(struct targets *targets, uint64_t *left_r, struct error *error_r);

/* 0; or -ENOMEM with the first dict some of whose records had no room in memory. */
int targets_lost(const struct targets *targets, struct error *error_r);

/* 0; or -EREMOTEIO with the first dict that refused records for good. */
int targets_refused(const struct targets *targets, struct error *error_r);

#endif
