/* SPDX-License-Identifier: MIT */
/*
 * The ring, the counters and the accounts, which outlive everything: taken over from an earlier
 * process if there are fitting ones, else made.
 *
 * Each record in the ring has its version, so programs of several versions may write into one ring.
 * One of another size than is wanted now is read to its end beside the new one. Counters are
 * appended and never reused, and the map has room for more of them, so one map serves older and
 * newer programs as well. The accounts are the collector's (base/ledger.h).
 */
#ifndef DOVETAP_ATTACH_MAPS_H
#define DOVETAP_ATTACH_MAPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "attach/fd_stores.h"
#include "attach/inherited.h"
#include "base/error.h"

/* Under which names they are kept; behind that of a ring stands its size. */
#define MAPS_RING     "ring-"
#define MAPS_COUNTERS "counters"
#define MAPS_ACCOUNTS "accounts"
#define MAPS_DESCENTS "descents"
#define MAPS_MASTERS  "masters"

struct maps {
	int ring_fd, counters_fd, accounts_fd;
	int masters_fd;	 /* attach/masters.h */
	int descents_fd; /* attach/descents.h; -1: there is none */
	uint32_t ring_id, counters_id, descents_id, masters_id; /* the kernel's */
	bool inherited;						/* the ring was there */
	struct inherited_ring old[INHERITED_RINGS_MAX];		/* rings of other sizes */
	size_t old_count;
};

#define MAPS_NONE                                                                                  \
	{                                                                                          \
		.ring_fd = -1, .counters_fd = -1, .accounts_fd = -1, .masters_fd = -1,             \
		.descents_fd = -1                                                                  \
	}

/*
 * Takes over what it can use of inherited, which may be NULL (fd_stores then, too), makes the rest
 * and puts all into the fd stores. Returns 0 or a negative errno.
 */
int maps_open(struct maps *maps, size_t ring_bytes, struct inherited *inherited,
	      struct fd_stores *fd_stores, struct error *error_r);

/* The map of descents that is used from now on; fd stays the caller's. fd_stores may be NULL. */
int maps_take_descents(struct maps *maps, int fd, struct fd_stores *fd_stores);

void maps_close(struct maps *maps); /* takes closed ones; the fd stores still have theirs */

/*
 * For when no program writes into the old rings any more: drops those that were read to their end.
 */
void maps_drop_read(struct maps *maps, const struct fd_stores *fd_stores);

#endif
