/* SPDX-License-Identifier: MIT */
/*
 * The privileged process: finds Dovecot, attaches, and keeps a collector running.
 *
 *	attacher_new()		maps created, rights checked
 *	attacher_run()		starts the collector and the searcher (search.h), attaches the
 *				files that are found, then waits for:
 *	  exec, searcher	  a new or upgraded Dovecot: attach it
 *	  collector ended	  start another one (0.1 s ... 30 s); ring and probes go on
 *	  SIGHUP		  start a resolver (resolver.h); when it leaves a new
 *				  configuration, a new collector takes the place of the old one
 *	  SIGTERM, SIGINT	  detach, have the collector drain the ring, end; with an fd store
 *				  nothing is detached and the next process continues with it
 *
 * The attacher reads the searcher's messages, never a captured byte, the network or a file of
 * configuration. It logs each attachment, and each refusal once, and sends both to the collector
 * (priv/proto.h).
 */
#ifndef DOVETAP_ATTACH_ATTACHER_H
#define DOVETAP_ATTACH_ATTACHER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "attach/attach.h"
#include "base/error.h"
#include "base/fd_store.h"
#include "priv/drop.h"
#include "priv/resolution.h"
#include "search/discover.h"

struct attacher_options {
	struct discover_options discover; /* roles 0 means all */
	enum attach_method method;
	size_t ring_bytes;	      /* a power of two; 0: 4 MiB */
	uint32_t wanted_texts;	      /* DOVETAP_BIT of each text to capture; 0: all but the home */
	struct priv_user user;	      /* the collector's */
	struct priv_user search_user; /* the searcher's; uid 0: ours */
	int64_t watchdog_ns;	      /* for the collector, collector/collector.h */
	bool no_sandbox;	      /* no process with its system call list, for debugging */

	/* Descriptors; the attacher closes none of them but configuration, which it takes over. */
	int program;	   /* of collector ("collect") and resolver ("resolve"): priv/start.h */
	int search;	   /* of searcher ("search") and verifier ("verify") */
	int configuration; /* memory file (priv/resolution.h), for the collector */
	int lock;	   /* for the collector (priv/lock.h), or -1 */

	/*
	 * Called each time the collector has reported READY and the first search is over; links is
	 * the number of probes attached. May be NULL. The place for notify_ready().
	 */
	void (*ready)(unsigned int links);

	/* Called when a new configuration is in force; valid for the call. May be NULL. */
	void (*reloaded)(const struct resolution *resolution);

	/*
	 * Where ring, counters and probes outlive this process, and where they are taken over from
	 * if an earlier one has left any. Without one the probes are detached at the end.
	 */
	const struct fd_store *fd_stores;
	size_t fd_store_count;
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
int attacher_run(struct attacher *attacher, struct error *error_r);

void attacher_free(struct attacher **attacher);

#endif
