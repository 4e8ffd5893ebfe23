/* SPDX-License-Identifier: MIT */
/*
 * Recorded events: a file that holds the records of a ring, so that a run can be repeated without
 * root and a report from the field can be replayed.
 *
 *	+-----------+---------+----------+------------------+
 *	| "dovetap" | version | reserved | wall minus boot  |   24 bytes
 *	|  + NUL, 8 |  u32    |   u32    | clock, s64 ns    |
 *	+-----------+---------+----------+------------------+
 *	| size u32  | event.h record of that size           |   repeated
 *	+-----------+---------------------------------------+
 *
 * Numbers are little endian.
 */
#ifndef DOVETAP_REPLAY_H
#define DOVETAP_REPLAY_H

#include "base/clock.h"
#include "capture/event_source.h"

#define REPLAY_VERSION	 1
#define REPLAY_EVENT_MAX 65536

/*
 * Opens a recorded file and returns the clock offset that it was recorded with. Errors: errno of
 * open(2), -EPROTO for a file of another kind or version. A record that ends early makes peek()
 * fail with -EBADMSG and the byte offset.
 */
int replay_open(const char *path, struct event_source **source_r, struct clock_offset *offset_r,
		struct error *error_r);

struct recorder;

/* Starts a new file; an existing one is truncated. It will hold names and addresses: the caller
 * sets the umask. */
int recorder_open(const char *path, const struct clock_offset *offset, struct recorder **recorder_r,
		  struct error *error_r);
int recorder_write(struct recorder *recorder, struct slice record, struct error *error_r);
/* Takes NULL, sets NULL. -EIO when the last bytes could not be written. */
int recorder_close(struct recorder **recorder, struct error *error_r);

#endif
