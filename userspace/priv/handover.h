/* SPDX-License-Identifier: MIT */
/*
 * What the attacher hands over to a collector that it has started (start.h): one message on the
 * channel between them, with the descriptors in it. After that the channel carries proto.h.
 */
#ifndef DOVETAP_PRIV_HANDOVER_H
#define DOVETAP_PRIV_HANDOVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "priv/drop.h"

#define COLLECTOR_OLD_RINGS_MAX 4

/* Exit status (EX_IOERR) of a collector that left records in the ring when it was to end. */
#define COLLECTOR_EXIT_UNWRITTEN 74

/* The kernel's numbers of the maps: never the same for two, as long as it runs. */
struct collector_map_ids {
	uint32_t ring, counters;
	uint32_t old[COLLECTOR_OLD_RINGS_MAX];
};

/* The collector's descriptors; all are its own, and close on exec. */
struct collector_fds {
	int ring;     /* the ring buffer map: mmap it, or capture's ring source does */
	int counters; /* to be mapped; dovetap/counters.h */
	int accounts; /* to be mapped; base/ledger.h */
	int old[COLLECTOR_OLD_RINGS_MAX]; /* earlier rings, to be read to their end first */
	size_t old_count;
	struct collector_map_ids ids;
	bool inherited;	   /* ring was there before the attacher */
	int peer;	   /* socket to the attacher, SOCK_SEQPACKET, blocking; see priv/proto.h */
	int configuration; /* memory file (priv/resolution.h) */
	int lock;	   /* for lock_wait() (priv/lock.h), or -1 */
};

struct handover {
	struct collector_fds fds; /* peer is the channel */
	struct priv_user user;	  /* to become */
	pid_t attacher;		  /* whose end is the collector's */
	int64_t watchdog_ns;	  /* 0: the service manager expects no watchdog keep-alive */
	bool no_sandbox;
};

/* The attacher's side; peer of the fds is not sent. Returns 0 or a negative errno. */
int handover_send(int channel, const struct handover *handover);

/* The collector's side. -EPROTO: the message is no handover of this version; -EPIPE: the attacher
 * is gone. */
int handover_receive(int channel, struct handover *handover_r, struct error *error_r);

/*
 * The collector gives up its rights, for good: it becomes the user, ends with the attacher and
 * enters its list of system calls. To be called before it looks at the configuration or at a
 * captured byte. After an error it must exit.
 */
int handover_drop_rights(const struct handover *handover, struct error *error_r);

/*
 * How a collector lives. It must end soon, after draining the ring, on SIGTERM or SIGINT (both may
 * come, and more than once) and when peer reports the end of file.
 *
 * What the attacher does about an end it did not ask for: status 0 and those of sysexits.h but
 * EX_TEMPFAIL (64 to 78 less 75) are final, it ends with them; after any other, and after a signal,
 * it starts the next collector, which continues at the record where the last one stopped.
 *
 * After COLLECTOR_EXIT_UNWRITTEN, when it was asked to end, the records are lost unless the ring
 * outlives the attacher.
 */

#endif
