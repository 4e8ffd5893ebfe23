/* SPDX-License-Identifier: MIT */
/* The parts of the collector: its life (collector.c), its stages, when it polls (poll.c), failures
 * and endpoints. */
#ifndef DOVETAP_COLLECTOR_COLLECTOR_PRIVATE_H
#define DOVETAP_COLLECTOR_COLLECTOR_PRIVATE_H

#include "base/ledger.h"
#include "base/loop.h"
#include "capture/counters.h"
#include "capture/replay.h"
#include "capture/shares.h"
#include "collector/collector.h"
#include "collector/lookups.h"
#include "pipeline/forgotten.h"
#include "pipeline/since.h"
#include "pipeline/targets.h"
#include "priv/handover.h"
#include "proof/judge.h"
#include "serve/http.h"
#include "stats/metrics_collect.h"
#include "stats/top.h"

/* For the dicts, and then for the audit stream, at the end. */
#define COLLECTOR_DRAIN_NS (5 * NS_PER_SEC)

struct collector {
	const struct collector_options *options;
	const struct collector_fds *fds;
	struct loop *loop;
	struct loop_watch *ring_watch, *poll_timer, *tick, *ack_watch, *peer_watch, *cgroup_watch;
	int64_t poll_ns;
	int ack_fd;
	struct event_source *source;
	struct counters counters;
	struct shares shares;
	struct ledger ledger; /* not mapped: the numbers end with this process */
	struct ring_account ring_account;
	struct timeline timeline;
	struct targets targets;
	struct judge *judge; /* of layouts */
	struct pipeline *pipeline;
	struct http *control, *metrics;
	struct metrics_probes probes;
	int64_t started_ns;
	int landlock;	  /* the kernel's version of it; 0: none */
	int64_t alive_ns; /* of the last watchdog keep-alive */
	struct origins *origins;
	struct enrich *enrich; /* NULL: no template wants it */
	struct geo *geo;       /* NULL: there is no database */
	struct recorder *recorder;
	struct top top;
	struct audit *audit; /* NULL: none is wanted */
	struct buf line;
	struct since since; /* when recording began, as the state has it */
	int64_t since_saved_ns;
	bool since_known;			  /* it was read, or there was none */
	bool since_waits;			  /* some Dovecot is not watched */
	struct forgotten forgotten;		  /* users, of late */
	struct collector_forgetting *forgettings; /* utlist, under way or not asked for yet */
	uint64_t last_forgetting;
	struct lookups *lookups; /* NULL before the first one */
	int status;		 /* exit status once the loop has ended */
};

/* True for an errno that may not come again in a while: another collector tries it then, and finds
 * all records in the ring. */
bool collector_is_shortage(int code);

/* Ends the loop with this error. */
void collector_fail(struct collector *c, const struct error *error);

/* All that a login passes, in order. What was opened is closed by collector_stages_close(), also
 * after an error, together with loop and descriptors. */
int collector_stages_open(struct collector *c, struct error *error_r);
void collector_stages_close(struct collector *c);

/* The judge of layouts, with what it has decided before. */
int collector_layouts_open(struct collector *c, struct error *error_r);

/* What the attacher reports of a file with a probe, or of one whose layout it refuses. */
void collector_layouts_note(struct collector *c, const struct priv_message *message);

/* The poll timer; needs the loop. */
int collector_poll_open(struct collector *c, struct error *error_r);

/* Writers' acknowledgements; needs the stages. */
int collector_poll_listen(struct collector *c, struct error *error_r);

/* Takes what is in the ring, gives back what is safe, and plans the next look. */
void collector_drain(struct collector *c);

/*
 * Before the first writer starts: where logins were recorded, and the store has no record any more,
 * recording begins anew. Waits two seconds at most for each store.
 */
void collector_look_at_stores(struct collector *c);

/* Notes in the state that logins are recorded: now and then, and at the end. */
void collector_note_recording(struct collector *c, bool at_end);

/* Notices when the wall clock was set. */
void collector_look_at_clock(struct collector *c);

/* For "dovetap forget": both pages of the control socket (serve/http.h), and the end, behind
 * that of the writers. */
int collector_forget_begin(struct slice user, struct buf *out, void *context);
int collector_forget_report(struct slice number, struct buf *out, void *context);
void collector_forget_close(struct collector *c);

/* For "dovetap lookup" of those who may not read the stores: both pages of the control socket. */
int collector_lookup_begin(struct slice user, struct buf *out, void *context);
int collector_lookup_report(struct slice number, struct buf *out, void *context);

/*
 * The control socket and the metrics, each where there is to be one. Logins matter more than
 * numbers: without them the collector works all the same. Unless another dovetap answers there:
 * -EADDRINUSE.
 */
int collector_pages_open(struct collector *c, struct error *error_r);

#endif
