/* SPDX-License-Identifier: MIT */
/*
 * One dovetap for one state directory, and one collector at a time.
 *
 * The lock is a byte each of the file "lock" in the directory: the attacher has one, its collector
 * the other. When an attacher was killed its collector may still be writing out what it has; the
 * next attacher may start, its collector waits.
 */
#ifndef DOVETAP_PRIV_LOCK_H
#define DOVETAP_PRIV_LOCK_H

#include <stdint.h>

#include "base/error.h"

/*
 * Takes the attacher's byte. Returns the descriptor: the lock goes with it, or with the process,
 * not with a child. -EBUSY: another dovetap has it, the text names it. Other errors are those of
 * open(2).
 */
int lock_take(const char *dir, struct error *error_r);

/* The process that runs with this directory, attacher or collector; 0: none, or none that can be
 * seen. */
int lock_holder(const char *dir);

/*
 * In the collector, with the descriptor of its parent: takes the collector's byte. Waits for an
 * earlier collector until the deadline on clock_monotonic_ns(): then -EBUSY.
 */
int lock_wait(int fd, int64_t deadline_ns, struct error *error_r);

#endif
