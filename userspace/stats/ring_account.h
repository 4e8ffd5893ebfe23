/* SPDX-License-Identifier: MIT */
/*
 * The account of the ring, over all processes that read it since the counters of the probes began:
 *
 *	records that the probes made = before + taken once + waiting in the ring
 *
 * before is what was made before these accounts were: by a version that had none, or while their
 * numbers were lost.
 */
#ifndef DOVETAP_STATS_RING_ACCOUNT_H
#define DOVETAP_STATS_RING_ACCOUNT_H

#include "base/ledger.h"
#include "capture/counters.h"
#include "pipeline/pipeline.h"

struct ring_account {
	uint64_t counters; /* the kernel's number of their map */
	uint64_t before;
};

/* Counts the records of the ring that nobody has taken. Returns 0 or a negative errno. */
typedef int ring_untaken(void *context, uint64_t *count_r, struct error *error_r);

/* Goes on with the account in the ledger (NULL: there is none) if it is of these counters, else
 * begins one. To be called before this process takes a record. */
int ring_account_open(struct ring_account *account, struct ledger_block *ledger,
		      const struct counters *counters, const struct pipeline_stats *stats,
		      ring_untaken *untaken, void *context, struct error *error_r);

/* How many records wait in the ring; less than 0 when more were taken than made. */
int64_t ring_account_waiting(const struct ring_account *account, const struct counters *counters,
			     const struct pipeline_stats *stats);

#endif
