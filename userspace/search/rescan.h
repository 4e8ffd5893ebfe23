/* SPDX-License-Identifier: MIT */
/* Processes that have just started, to be looked at again once the dynamic linker is done. */
#ifndef DOVETAP_SEARCH_RESCAN_H
#define DOVETAP_SEARCH_RESCAN_H

#include "search/process.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RELOOK_MAX 64
#define RELOOK_NS  30000000LL /* a mail process maps its libraries in less */

struct relook {
	struct {
		pid_t pid;
		int fd; /* of struct process */
		int64_t at_ns;
	} list[RELOOK_MAX]; /* a ring, oldest first */
	size_t first, count;
};

/* When there is no room it is left to the next full search. */
void relook_add(struct relook *relook, const struct process *process, int64_t now_ns);

/* When the oldest is due; INT64_MAX if there is none. */
int64_t relook_due_ns(const struct relook *relook);

/* The next one that is due and still runs a program, identified as by process_identify(). */
bool relook_take(struct relook *relook, int64_t now_ns, struct process *process_r);

void relook_release(struct relook *relook);

#endif
