/* SPDX-License-Identifier: MIT */
/*
 * The audit stream: one record for every event of the kinds asked for (docs/audit.md).
 *
 *	event ──> record ──> written form ──> queue ──(thread)──> file, stdout, syslog or journal
 *
 * Non-blocking: the caller never waits, and what does not fit into the queue is counted as lost.
 * The thread waits for the sink and retries when it fails. Logins and dicts are not delayed;
 * records are lost only when the queue is full or dovetap ends.
 */
#ifndef DOVETAP_AUDIT_H
#define DOVETAP_AUDIT_H

#include "audit/record.h"
#include "base/error.h"

struct audit;

struct audit_config {
	const char *target;  /* "/path", "stdout", "syslog", "journal"; must outlive the stream */
	unsigned int events; /* 1 << enum login_event_kind */
	size_t queue_size;   /* bytes in memory, twice at most */
	struct audit_policy policy;
};

enum audit_lost {
	AUDIT_LOST_QUEUE_FULL,
	AUDIT_LOST_TOO_LONG,  /* no memory, or no room, for its written form */
	AUDIT_LOST_REFUSED,   /* longer than the sink takes */
	AUDIT_LOST_UNWRITTEN, /* the sink failed till the end */
	AUDIT_LOST_COUNT
};

struct audit_stats {
	uint64_t events[LOGIN_EVENT_KINDS]; /* records made */
	uint64_t written;
	uint64_t lost[AUDIT_LOST_COUNT];
	bool up; /* the last write went well */
};

/* The spelling of the reason label: "queue_full", "too_long", "refused", "unwritten". */
const char *audit_lost_name(enum audit_lost reason);

/* Starts the thread. A sink that does not work is no error: it is logged once, and retried. */
int audit_new(const struct audit_config *config, struct audit **audit_r, struct error *error_r);

/* One event; nothing happens for kinds that nobody asked for, and when audit is NULL. */
void audit_event(struct audit *audit, const struct login_event *event);

void audit_stats(const struct audit *audit, struct audit_stats *stats_r);

/* Writes what is queued, at most until the deadline on clock_monotonic_ns(), and logs what could
 * not be written. Takes NULL, sets NULL. */
void audit_free(struct audit **audit, int64_t deadline_ns);

#endif
