/* SPDX-License-Identifier: MIT */
/*
 * The unprivileged process: drains the ring through the pipeline into the dicts, until it is
 * terminated or the attacher has ended. What is in the ring then is written first.
 */
#ifndef DOVETAP_COLLECTOR_COLLECTOR_H
#define DOVETAP_COLLECTOR_COLLECTOR_H

#include <stdbool.h>
#include <stdint.h>

#include "collector/lookups.h"
#include "plan/plan.h"

struct collector_fds;

struct collector_options {
	const struct plan *plan;
	const char *control; /* socket for dovetap status; "" = none */
	bool live;	     /* a line for every login on standard output */
	const char *record;  /* file that gets every event, or NULL */
	int lock_fd;	     /* for lock_wait() (priv/lock.h), or -1 */
	int64_t watchdog_ns; /* notify_watchdog_ns() of the attacher */
	lookups_fn *look_up; /* of a user; its context is the plan; NULL: nobody can be looked up */
};

/* The collector's whole life (priv/handover.h), in a process that has given up its rights. Returns
 * an exit status: 0, or one of sysexits.h. */
int collector_main(const struct collector_options *options, const struct collector_fds *fds);

#endif
