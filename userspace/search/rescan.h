/* SPDX-License-Identifier: MIT */
/* Processes that have just started, to be looked at again once the dynamic linker is done. */
#ifndef DOVETAP_SEARCH_RESCAN_H
#define DOVETAP_SEARCH_RESCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "search/process.h"

#define RESCAN_MAX	64
#define RESCAN_DELAY_NS 30000000LL /* a mail process maps its libraries in less */

struct rescan {
	struct {
		pid_t pid;
		int fd; /* of struct process */
		int64_t at_ns;
	} list[RESCAN_MAX]; /* a ring, oldest first */
	size_t first, count;
};

/* When there is no room it is left to the next full search. */
void rescan_add(struct rescan *rescan, const struct process *process, int64_t now_ns);

/* When the oldest is due; INT64_MAX if there is none. */
int64_t rescan_due_ns(const struct rescan *rescan);

/* The next one that is due and still runs a program, identified as by process_identify(). */
bool rescan_take(struct rescan *rescan, int64_t now_ns, struct process *process_r);

void rescan_release(struct rescan *rescan);

#endif
