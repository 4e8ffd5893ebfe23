/* SPDX-License-Identifier: MIT */
/* The log of what the probes drop for want of a share of the ring (bpf/budget.bpf.h): one line a
 * minute for each class of sources that has had more than that. */
#ifndef DOVETAP_CAPTURE_SHARES_H
#define DOVETAP_CAPTURE_SHARES_H

#include <stdbool.h>

#include "capture/counters.h"

#define SHARES_CLASSES 3
#define SHARES_NS      (60LL * 1000000000LL) /* between two lines of one class */

/* Zero-initialised it is ready for counters that begin at 0. */
struct shares {
	uint64_t logged[SHARES_CLASSES]; /* of the counter, by the last line */
	int64_t next_ns[SHARES_CLASSES];
};

/* What was counted before is not logged again. */
void shares_begin(struct shares *shares, const struct counters *counters);

/* To be called now and then; now_ns never goes back. */
void shares_look(struct shares *shares, const struct counters *counters, int64_t now_ns);

#endif
