/* SPDX-License-Identifier: MIT */
/*
 * Events that wait until the layouts which they were read with are proved, in the order in which
 * they came. Bounded by HELD_MAX; what the source has of them is their owner's to keep there.
 */
#ifndef DOVETAP_PROOF_HELD_H
#define DOVETAP_PROOF_HELD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "login/event.h"

#define HELD_MAX 2048

struct held_event {
	struct held_event *prev, *next;
	struct login *record, *auth; /* auth may be NULL */
	uint64_t position;	     /* the source's, before the record */
};

struct held { /* zero-initialised is empty */
	struct held_event *first;
	size_t count;
};

/* Copies. False when it is full, or without memory. */
bool held_add(struct held *held, const struct login_event *event, uint64_t position);

/* The event as the join had it; valid as long as it is held. */
struct login_event held_event(const struct held_event *event);

void held_drop(struct held *held, struct held_event *event);
void held_release(struct held *held); /* drops all */

#endif
