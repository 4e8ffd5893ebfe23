/* SPDX-License-Identifier: MIT */
/*
 * What makes a run continue where an earlier one has ended, and keeps a second one out: the lock of
 * the state directory, pins where they are asked for, the service manager's fd store where there
 * is one.
 */
#ifndef DOVETAP_CLI_INSTANCE_H
#define DOVETAP_CLI_INSTANCE_H

#include <stddef.h>

#include "base/error.h"
#include "base/fd_store.h"

struct pins;

struct instance {
	int lock_fd; /* -1: the state directory cannot be locked, which was logged */
	struct pins *pins;
	struct fd_store list[2];
	size_t count;
};

/* -EBUSY: another dovetap runs. pin_dir "" for none. Close it after an error as well. */
int instance_open(struct instance *instance, const char *state_dir, const char *pin_dir,
		  struct error *error_r);
void instance_close(struct instance *instance); /* everything stays kept */

#endif
