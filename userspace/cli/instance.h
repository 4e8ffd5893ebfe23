/* SPDX-License-Identifier: MIT */
/*
 * What makes a run continue where an earlier one has ended, and keeps a second one out: the lock of
 * the state directory, pins where they are asked for, the service manager's fd store where there
 * is one.
 */
#ifndef DOVETAP_CLI_INSTANCE_H
#define DOVETAP_CLI_INSTANCE_H

#include "base/error.h"
#include "base/fd_store.h"

#include <stddef.h>

struct pins;

struct keep {
	int lock_fd; /* -1: the state directory cannot be locked, which was logged */
	struct pins *pins;
	struct keeper list[2];
	size_t count;
};

/* -EBUSY: another dovetap runs. pin_dir "" for none. Close it after an error as well. */
int keep_open(struct keep *keep, const char *state_dir, const char *pin_dir, struct error *error_r);
void keep_close(struct keep *keep); /* everything stays kept */

#endif
