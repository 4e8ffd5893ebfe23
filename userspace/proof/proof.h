/* SPDX-License-Identifier: MIT */
/*
 * The stage behind the join: lets those events pass whose layouts are proved (judge.h), and holds
 * the others until they are, or are refused.
 *
 *	event ──> judge ──> PASS
 *	               └──> HOLD ──> proof_finish() ──> PASS or DROP
 *	               └──> DROP: its layout is refused, or its two records contradict each other
 *
 * Once a layout is proved an event costs the comparison of its two records.
 */
#ifndef DOVETAP_PROOF_PROOF_H
#define DOVETAP_PROOF_PROOF_H

#include <stdbool.h>

#include "login/event.h"
#include "proof/judge.h"

enum proof_verdict { PROOF_PASS, PROOF_HOLD, PROOF_DROP };

struct proof;

/* The judge is the caller's. */
int proof_new(struct judge *judge, struct proof **proof_r, struct error *error_r);
void proof_free(struct proof **proof); /* what it holds is dropped; takes NULL, sets NULL */

/*
 * Judges the event, which after PASS is to be used as it then is: without its authentication where
 * that cannot be believed. position is what the source needs for it until it has passed.
 */
enum proof_verdict proof_take(struct proof *proof, struct login_event *event, uint64_t position,
			      int64_t now_ns);

/* Takes each held event that is decided by now, oldest first; true: it passed, false: dropped. */
typedef void proof_decided_fn(const struct login_event *event, bool passed, void *context);

/* Decides what is due at that time, and with force everything. */
void proof_finish(struct proof *proof, int64_t now_ns, bool force, proof_decided_fn *decided,
		  void *context);

/* True when an event is held, and the lowest position that is needed. */
bool proof_waits(const struct proof *proof, uint64_t *position_r);
unsigned int proof_waiting(const struct proof *proof); /* how many are */

#endif
