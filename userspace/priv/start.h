/* SPDX-License-Identifier: MIT */
/*
 * Starts one of dovetap's processes: always by exec, so that each has an address layout of its own
 * and nothing in its memory that was another's.
 *
 * A program is a descriptor (O_PATH), not a path: while dovetap runs all its processes are of the
 * files that it was started from, even if a package has replaced them meanwhile.
 */
#ifndef DOVETAP_PRIV_START_H
#define DOVETAP_PRIV_START_H

#include <signal.h>
#include <sys/types.h>

#include "base/error.h"

#define START_CHANNEL_FD 3 /* in the new process: the socket to the one that has started it */

struct start {
	int program;		 /* descriptor */
	const char *const *argv; /* ends with NULL */
	int channel;		 /* becomes START_CHANNEL_FD; stays the caller's */
	unsigned int keep; /* capabilities to keep, bits of enum priv_keep; 0: all there are */
	const sigset_t *signals; /* mask to begin with; NULL: as it is */
};

/*
 * The process has descriptors 0, 1, 2 and the channel. Returns its id or a negative errno; an exec
 * that fails is logged by the child, which ends with EX_OSERR.
 */
pid_t start_process(const struct start *start, struct error *error_r);

/* Opens the program that this process runs, even if its path was replaced or removed. Returns a
 * descriptor (close on exec) or a negative errno. */
int start_open_self(struct error *error_r);

#endif
