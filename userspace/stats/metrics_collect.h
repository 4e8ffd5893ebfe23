/* SPDX-License-Identifier: MIT */
/* Every number of the collector, as metrics. The names are part of the interface. */
#ifndef DOVETAP_STATS_METRICS_COLLECT_H
#define DOVETAP_STATS_METRICS_COLLECT_H

#include "audit/audit.h"
#include "login/failures.h"
#include "pipeline/pipeline.h"
#include "pipeline/targets.h"
#include "priv/proto.h"
#include "proof/judge.h"
#include "serve/metrics.h"
#include "stats/ring_account.h"

/* What the attacher has reported so far. */
struct metrics_probes {
	unsigned int links;
	unsigned int refused;	/* files that cannot be watched */
	unsigned int stalled;	/* places where the search does not get an answer */
	unsigned int limited;	/* files and directories left out at a limit (search/quota.h) */
	char last_refused[656]; /* path and reason; from outside */
	unsigned int dovecots;	/* processes of Dovecot that the last search has seen */
	unsigned int unseen;	/* what else may run without a probe (priv/proto.h) */
	unsigned int refused_by[PRIV_REFUSAL_COUNT];
	bool inherited;		/* the ring was there before this process */
	bool initial_scan_done; /* the first search is over */
};

struct metrics_source {
	const struct pipeline *pipeline;
	const struct targets *targets;
	const struct audit *audit; /* NULL: there is none */
	const struct failures *failures;
	const struct judge *judge; /* NULL: all layouts are believed */
	struct event_source *ring;
	const struct counters *counters; /* capture/counters.h */
	const struct ring_account *ring_account;
	struct metrics_probes probes;
	int64_t started_ns; /* wall clock */
	pid_t attacher;	    /* 0: not known */
	int landlock;	    /* priv/landlock.h */
	const struct timeline *timeline;
};

void metrics_collect(const struct metrics_source *source, struct metrics *metrics);

/* The lost logins of dovetap_events_lost_total together; records of the audit stream are none. */
uint64_t metrics_lost(const struct metrics_source *source);

/* What the counters leave unexplained, all stages together; 0, but for what is on its way between
 * two of them right now. */
int64_t metrics_difference(const struct metrics_source *source);

#endif
