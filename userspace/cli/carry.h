/* SPDX-License-Identifier: MIT */
/*
 * Logins that one store has, written to the dicts of a plan as if they were seen now: under its
 * keys, in its precision, and only where they are newer than what these have.
 */
#ifndef DOVETAP_CLI_CARRY_H
#define DOVETAP_CLI_CARRY_H

#include <stdbool.h>

#include "cli/roster.h"
#include "plan/plan.h"

struct carry;

struct carry_counts {
	uint64_t taken;	   /* records that have a key in the plan */
	uint64_t unrouted; /* of services that are not recorded */
	uint64_t nameless; /* whose service is not known, though the key needs it */
	uint64_t timeless; /* whose value is no time */
	uint64_t stored, unchanged, refused; /* by all dicts together; unchanged: as new or newer */
};

/* dry_run: nothing is opened or written, and stored, unchanged and refused stay 0. service is that
 * of records which do not show theirs, or NULL. Must be the collector's user (as_collector.h). */
int carry_new(const struct plan *plan, bool dry_run, const char *service, struct carry **carry_r,
	      struct error *error_r);
void carry_free(struct carry **carry); /* takes NULL, sets NULL */

/* The record as a login of that user. */
void carry_record(struct carry *carry, const struct roster_record *record, struct slice user);

/* Waits until the dicts have taken everything. -EIO, -ETIMEDOUT: not all of it is there. */
int carry_end(struct carry *carry, struct carry_counts *counts_r, struct error *error_r);

#endif
