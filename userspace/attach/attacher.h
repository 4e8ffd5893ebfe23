/* SPDX-License-Identifier: MIT */
/*
 * The privileged process: finds Dovecot, attaches, and keeps a collector running.
 *
 *	attacher_new()		maps created, rights checked
 *	attacher_run()		starts the collector and the searcher (search.h), attaches the
 *				files that are found, then waits for:
 *	  exec, searcher	  a new or upgraded Dovecot: attach it
 *	  collector ended	  start another one (0.1 s ... 30 s); ring and probes go on
 *	  SIGHUP		  reload: a new collector takes the place of the old one
 *	  SIGTERM, SIGINT	  detach, let the collector drain the ring, end; with an fd store
 *				  nothing is detached and the next process continues with it
 *
 * The attacher reads the searcher's messages, never a captured byte and nothing from the network.
 * It logs each attachment, and each refusal once, and sends both to the collector (priv/proto.h).
 */
#ifndef DOVETAP_ATTACH_ATTACHER_H
#define DOVETAP_ATTACH_ATTACHER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "attach/attach.h"
#include "base/error.h"
#include "base/fd_store.h"
#include "priv/handover.h"
#include "search/discover.h"

struct attacher_options {
	struct discover_options discover; /* roles 0 means all */
	enum attach_method method;
	size_t ring_bytes;     /* a power of two; 0: 4 MiB */
	uint32_t wanted_texts; /* DOVETAP_BIT of each text to capture; 0: all but the home */
	const char *user;      /* collector's user; NULL: see priv_user_find() */
	bool no_sandbox;       /* neither process with its system call list, for debugging */

	/*
	 * Called in the attacher each time the collector has sent READY and the first search is
	 * over; links is the number of probes attached. May be NULL. The place for sd_notify().
	 */
	void (*ready)(void *ctx, unsigned int links);

	/*
	 * Called at SIGHUP. 0: ctx has new settings for collector_main, so the collector is
	 * terminated and another one takes over at the record where it stopped. Negative: nothing
	 * changes. May be NULL: SIGHUP is ignored.
	 */
	int (*reload)(void *ctx);

	/*
	 * Where ring, counters and probes outlive this process, and where they are taken over from
	 * if an earlier one has left any. Without an fd store the probes are detached at the end.
	 */
	const struct fd_store *fd_stores;
	size_t fd_store_count;

	/* Descriptors that the collector keeps besides 0, 1, 2 and its collector_fds. */
	const int *keep_fds;
	size_t keep_fd_count;
};

struct attacher;

/* What attacher_new() asks for first. Returns 0, or -EPERM: names each capability that is missing.
 */
int attacher_check_rights(enum attach_method method, struct error *error_r);

/* The options' strings and arrays must stay valid. Returns 0, or a negative errno: -EPERM names
 * the missing capability. */
int attacher_new(const struct attacher_options *options, struct attacher **attacher_r,
		 struct error *error_r);

/*
 * Runs until SIGTERM or SIGINT, or until the collector ends for good. Returns the collector's
 * last exit status (0 or more), or a negative errno.
 */
int attacher_run(struct attacher *attacher, collector_main_fn *collector_main, void *ctx,
		 struct error *error_r);

void attacher_free(struct attacher **attacher);

#endif
