/* SPDX-License-Identifier: MIT */
/*
 * Joins the records of one login by their session id, and passes on the events that follow.
 *
 *	auth       ──> event at once; a success is remembered for its partners
 *	mail_user  ──> event, completed from the auth record of its session
 *	proxy      ──> the same; it has nothing but the session itself
 *
 * Authentication ends before the mail user or the proxied login exists, usually by milliseconds. If
 * its record comes later, mail_user and proxy records wait for it, JOIN_WAIT_NS at most, and then
 * pass as they are: a missing partner delays a record but never loses it. Those that cannot have
 * one (LMTP, doveadm: no mechanism) do not wait.
 *
 * Bounded: the number of remembered successes is in login/partners.h, and JOIN_WAITING_MAX records
 * wait; the oldest makes room.
 */
#ifndef DOVETAP_JOIN_H
#define DOVETAP_JOIN_H

#include "base/error.h"
#include "login/event.h"

#define JOIN_WAIT_NS	 (50LL * 1000000LL)
#define JOIN_WAITING_MAX 256

struct join;

/* The event is valid during the call only. */
typedef void join_emit_fn(const struct login_event *event, void *context);

int join_new(join_emit_fn *emit, void *context, struct join **join_r, struct error *error_r);
void join_free(struct join **join); /* what waits is dropped; takes NULL, sets NULL */

/* position: what the source needs for the record until it is emitted; they grow. now_ns is any
 * clock that join_expire() gets as well. */
void join_take(struct join *join, const struct login *record, uint64_t position, int64_t now_ns);

/* Emits what has waited long enough; INT64_MAX: everything. */
void join_expire(struct join *join, int64_t now_ns);

/* True when a record waits, and the position of the oldest. */
bool join_waits(const struct join *join, uint64_t *position_r);
unsigned int join_waiting(const struct join *join); /* how many do */

#endif
