/* SPDX-License-Identifier: MIT */
/*
 * The way of a login through the collector, the only place where the stages meet:
 *
 *	source -> decode -> origin -> filter -> join -> proof -> time -> enrich
 *	       -> deliver -> observe
 *	              └> route -> key -> writer
 *
 * Runs in one thread, the loop's; the writers have theirs. A record's room in the source is
 * released when it is safe with every writer (writer.h).
 */
#ifndef DOVETAP_PIPELINE_PIPELINE_H
#define DOVETAP_PIPELINE_PIPELINE_H

#include "base/error.h"
#include "base/timeline.h"
#include "capture/event_source.h"
#include "login/enrich.h"
#include "login/event.h"
#include "login/filter.h"
#include "login/geo.h"
#include "login/origin.h"
#include "pipeline/deliver.h"
#include "pipeline/forgotten.h"

struct ledger_block;

struct pipeline_config {
	struct event_source *source;
	struct ledger_block *ledger; /* where the statistics outlive the process; NULL: nowhere */
	struct timeline *timeline;
	uint64_t now_boot_ns;	 /* 0: the clock's; a replay has the end of its file */
	struct enrich *enrich;	 /* pod and container for each event; NULL: not needed */
	struct geo *geo;	 /* country and network of each client; NULL: not needed */
	struct judge *judge;	 /* of layouts; NULL: all are believed */
	struct origins *origins; /* which records are believed; NULL: all */
	struct deliver_config deliver;
	const struct forgotten *forgotten; /* whose logins are not recorded any more; or NULL */

	/* Sees every event behind the join, with the route of the login that was recorded or -1;
	 * may be NULL. */
	void (*observe)(const struct login_event *event, int route, void *context);
	/* Sees every record's bytes before the decoder does; may be NULL. */
	void (*record)(struct slice record, void *context);
	void *context;
};

struct pipeline_stats {
	uint64_t events;      /* records taken from the source */
	uint64_t again;	      /* of these: taken once more, after a process that took them ended */
	uint64_t undecodable; /* lost */
	uint64_t other_version;		       /* lost: left in the ring by another version */
	uint64_t mixed;			       /* lost: of two logins */
	uint64_t judged[ORIGIN_VERDICT_COUNT]; /* all others; those refused go no further */
	uint64_t
		filtered[FILTER_RESULT_COUNT]; /* mail_user records; [FILTER_PASS] are the logins */
	uint64_t others[FILTER_RESULT_COUNT];  /* auth and proxy records */
	uint64_t kinds[LOGIN_EVENT_KINDS];     /* events behind the join */
	uint64_t joined;		       /* logins that found their authentication */
	uint64_t unmatched;		       /* lost: proxied logins that did not */
	uint64_t cut_off;		       /* waited for their partner when a process ended */
	uint64_t layout_refused;	       /* lost: events read with a wrong layout */
	struct error last_error;	       /* of all three */
};

/* How far the pipelines of earlier processes have read, for whoever opens the source: SOURCE_MARKS
 * elements, those without a mark are 0. */
void pipeline_marks(const struct ledger_block *ledger, struct source_mark *marks_r);

/* The number of the last exposure (writer.h) that took place, by pipelines of earlier processes;
 * source as it was opened. */
uint64_t pipeline_exposures(const struct ledger_block *ledger, struct event_source *source);

struct pipeline;

/* config is copied; what it points to stays the caller's and must outlive the pipeline. */
int pipeline_new(const struct pipeline_config *config, struct pipeline **pipeline_r,
		 struct error *error_r);
void pipeline_free(struct pipeline **pipeline); /* takes NULL, sets NULL */

/*
 * Takes every record that is there. Returns how many there were, -ENODATA at the end of a recorded
 * file, or another negative errno of the source.
 */
int pipeline_drain(struct pipeline *pipeline, struct error *error_r);

/* What waits for a partner or for a proof waits no longer: the source will give no more. */
void pipeline_flush(struct pipeline *pipeline);

/* Gives back what is safe. True when nothing is outstanding any more. */
bool pipeline_release(struct pipeline *pipeline);

/* Gives back everything taken so far: the writers' memory is now the only copy. */
void pipeline_release_all(struct pipeline *pipeline);

/* What the statistics leave unexplained, from the source to the writers: 0. */
int64_t pipeline_difference(const struct pipeline *pipeline);

/* Records that wait for their partner. */
unsigned int pipeline_waiting(const struct pipeline *pipeline);

/* Events that wait for the proof of their layout. */
unsigned int pipeline_held(const struct pipeline *pipeline);

const struct pipeline_stats *pipeline_stats(const struct pipeline *pipeline);
const struct deliver_stats *pipeline_delivered(const struct pipeline *pipeline);

#endif
