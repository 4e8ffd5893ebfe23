/* SPDX-License-Identifier: MIT */
/*
 * What is recorded where, as marks that stay the same from one start to the next for as long as
 * logins of that service go to the same store under the same kind of key. By them the state
 * remembers since when (pipeline/since.h).
 */
#ifndef DOVETAP_PLAN_PLAN_RECORDING_H
#define DOVETAP_PLAN_PLAN_RECORDING_H

#include "plan/plan.h"

struct plan_recording {
	uint64_t mark; /* of the store's place, how long it keeps records, and the key, without
			* passwords and time limits */
	const char *service; /* "imap"; "*": any that is not named; valid during the call */
	size_t dict;
};

/* Of the place alone: the same under any key, number of dicts and lifetime of records. */
uint64_t plan_dict_mark(const struct plan *plan, size_t index);

typedef int plan_recording_cb(const struct plan_recording *recording, void *context);

/* Calls back for each; mirror_dicts are none of their own. Ends with the callback's first return
 * value that is not 0, or -ENOMEM. */
int plan_each_recording(const struct plan *plan, plan_recording_cb *cb, void *context);

#endif
