/* SPDX-License-Identifier: MIT */
/* What the attacher hands over to a collector: descriptors, and a process to be in. */
#ifndef DOVETAP_PRIV_HANDOVER_H
#define DOVETAP_PRIV_HANDOVER_H

#include <stdbool.h>
#include <stddef.h>

#define COLLECTOR_OLD_RINGS_MAX 4

struct collector_fds {
	int ring;     /* the ring buffer map: mmap it, or capture's ring source does */
	int counters; /* to be mapped; dovetap/counters.h */
	int old[COLLECTOR_OLD_RINGS_MAX]; /* earlier rings, to be read to their end first */
	size_t old_count;
	bool inherited; /* ring was there before the attacher */
	int peer;	/* socket to the attacher, SOCK_SEQPACKET, blocking; see priv/proto.h */
};

/*
 * The collector's whole life, in a process of its own that has already given up its rights. All
 * descriptors but those named above were closed, so open things inside. Signals are as they were
 * before attacher_run(). It must end soon, after draining the ring, on SIGTERM or SIGINT (both
 * may come, and more than once) and when peer reports the end of file. The value is the
 * process's exit status.
 *
 * What the attacher does about an end it did not ask for: status 0 and those of sysexits.h but
 * EX_TEMPFAIL (64 to 78 less 75) are final, attacher_run() returns them; after any other, and
 * after a signal, it starts the next collector, which continues at the record where the last one
 * stopped.
 */
typedef int collector_main_fn(void *ctx, const struct collector_fds *fds);

#endif
