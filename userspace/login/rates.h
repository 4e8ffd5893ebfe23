/* SPDX-License-Identifier: MIT */
/* How many events of each kind there were: in all, and in each of the last RATES_SECONDS. */
#ifndef DOVETAP_RATES_H
#define DOVETAP_RATES_H

#include "login/event.h"

#define RATES_SECONDS 64

/* Zero-initialised state is ready. Times are those of one clock that does not step. */
struct rates {
	int64_t second;					   /* the newest */
	uint32_t counts[RATES_SECONDS][LOGIN_EVENT_KINDS]; /* by second % RATES_SECONDS */
	uint64_t totals[LOGIN_EVENT_KINDS];
};

void rates_note(struct rates *rates, enum login_event_kind kind, int64_t now_ns);

/* Events per second over the last whole seconds, at most RATES_SECONDS - 1. */
double rates_per_second(struct rates *rates, enum login_event_kind kind, int64_t now_ns,
			unsigned int seconds);

#endif
