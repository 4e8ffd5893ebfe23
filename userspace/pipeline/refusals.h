/* SPDX-License-Identifier: MIT */
/* The log of records that are not believed: one line of each reason, then a sum at times, so that
 * who makes them fills no log. */
#ifndef DOVETAP_PIPELINE_REFUSALS_H
#define DOVETAP_PIPELINE_REFUSALS_H

#include "login/origin.h"

#define REFUSALS_NS (60LL * 1000000000LL) /* between two lines of one reason */

/* Zero-initialised it is ready. */
struct refusals {
	struct {
		int64_t next_ns;
		uint64_t more; /* since the last line */
	} of[ORIGIN_VERDICT_COUNT];
};

/* now_ns never goes back. */
void refusals_note(struct refusals *refusals, enum origin_verdict verdict,
		   const struct login *login, int64_t now_ns);

#endif
