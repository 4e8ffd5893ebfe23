/* SPDX-License-Identifier: MIT */
/*
 * Failed authentications, counted so that brute-force attempts stand out, in memory that no
 * attacker can make grow: by service and outcome, and by user and by network with Space-Saving
 * sketches (base/space_saving.h).
 *
 * The sketches are begun anew every hour; reported are the current hour and the one before.
 * Failures of the mail server itself (internal_failure) are not counted by user and network.
 */
#ifndef DOVETAP_FAILURES_H
#define DOVETAP_FAILURES_H

#include "base/space_saving.h"
#include "login/event.h"

#define FAILURES_COUNTERS  1024 /* users, and networks, that have one */
#define FAILURES_SERVICES  16	/* the last one is "other" */
#define FAILURES_WINDOW_NS (3600LL * 1000000000LL)

struct failures;

enum failures_by { FAILURES_BY_USER, FAILURES_BY_NETWORK, FAILURES_BY_COUNT };

int failures_new(struct failures **failures_r, struct error *error_r);
void failures_free(struct failures **failures); /* takes NULL, sets NULL */

/* What is counted of that user stays, without the name. */
void failures_forget(struct failures *failures, struct slice user);

/* Events other than LOGIN_EVENT_FAILURE are passed over. */
void failures_note(struct failures *failures, const struct login_event *event);

/*
 * Since the start, for the services that are known or came first; names that are none, and what
 * there is no room for, are "other". NULL when there are fewer services.
 */
const char *failures_service(const struct failures *failures, size_t index);
uint64_t failures_count(const struct failures *failures, size_t index, enum login_outcome outcome);

struct failures_top {
	struct space_saving_item items[64];
	int count;	  /* or -ENOMEM */
	uint64_t others;  /* whoever is not among the items failed at most so often */
	uint64_t total;	  /* failures that were counted */
	int64_t since_ns; /* wall clock */
};

/* max is at most 64. Valid until the next failures_note() or failures_free(). */
void failures_top(struct failures *failures, enum failures_by by, int64_t now_ns, int max,
		  struct failures_top *top_r);

#endif
