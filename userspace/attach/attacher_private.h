/* SPDX-License-Identifier: MIT */
/*
 * The parts of an attacher (attacher.h), private to attacher*.c: its start, loop and end
 * (attacher.c), results of the search (attacher_search.c), signals and the collector
 * (attacher_collector.c).
 */
#ifndef DOVETAP_ATTACH_ATTACHER_PRIVATE_H
#define DOVETAP_ATTACH_ATTACHER_PRIVATE_H

#include "attach/attacher.h"
#include "attach/attachments.h"
#include "attach/child.h"
#include "attach/descents.h"
#include "attach/exec_watch.h"
#include "attach/fd_stores.h"
#include "attach/inherited.h"
#include "attach/maps.h"
#include "attach/masters.h"
#include "attach/resolver.h"
#include "base/clock.h"
#include "search/search.h"

#define RESCAN_NS	(60 * NS_PER_SEC) /* between two full searches at the most */
#define RESCAN_BLIND_NS (5 * NS_PER_SEC)  /* when the kernel does not report new processes */

struct attacher {
	struct attacher_options options;
	struct fd_stores fd_stores;
	struct inherited inherited;
	struct maps maps;
	struct loader *loader;
	struct descents *descents; /* NULL: the kernel keeps none */
	struct masters *masters;
	struct search *search;
	struct search_owner search_owner;
	struct exec_watch *execs; /* NULL: not available */
	struct attachments attachments;
	bool initial_scan_done; /* the first search is over */
	struct child_setup setup;
	struct child child;
	int signal_fd;
	int64_t scanned_ns, rescan_ns, interval_ns;
	bool end_waits;		   /* a master has ended, and no search has begun since */
	int64_t followed_ns;	   /* when one last has */
	unsigned int changes;	   /* of the attachments, when last looked at */
	struct error search_error; /* of the last search */
	struct resolver resolver;
	bool reloading;	 /* the collector was terminated, the next one follows */
	int64_t kill_ns; /* 0: not stopping */
	bool done;
	int exit_status;
};

/* Calls options.ready once the collector is ready and the first search is over. */
void attacher_report_ready(const struct attacher *attacher);

/* --- attacher_search.c --- */

extern const struct search_owner attacher_search_owner; /* its ctx is to be set */

int attacher_begin_search(struct attacher *attacher, struct error *error_r);

/* A full search, and the time of the next one. */
void attacher_scan(struct attacher *attacher);

/* Something was attached or detached: searches sooner. */
void attacher_follow_changes(struct attacher *attacher);

/* The kernel reported new processes. */
void attacher_take_execs(struct attacher *attacher);

/* --- attacher_collector.c --- */

/* The collector has sent something. */
void attacher_take_message(struct attacher *attacher);

int attacher_take_over_signals(struct attacher *attacher, struct error *error_r);
void attacher_take_signals(struct attacher *attacher);
int attacher_start_collector(struct attacher *attacher, struct error *error_r);

/* The resolver has an answer, or has ended without one: takes the new configuration over. */
void attacher_take_resolution(struct attacher *attacher);

#endif
