/* SPDX-License-Identifier: MIT */
/*
 * The way of a login through the collector, the only place where the stages meet:
 *
 *	source -> decode -> join -> filter -> time -> route -> key -> coalesce -> value -> writer
 *
 * Runs in one thread, the loop's; the writers have theirs. A record's room in the source is given
 * back when every writer says that it is safe (writer.h).
 */
#ifndef DOVETAP_PIPELINE_H
#define DOVETAP_PIPELINE_H

#include "base/clock.h"
#include "base/error.h"
#include "base/precision.h"
#include "capture/source.h"
#include "login/enrich.h"
#include "login/filter.h"
#include "login/login.h"
#include "login/template/template.h"
#include "store/writer.h"

/* What becomes of the logins that match. */
struct pipeline_route {
	struct template *key; /* without Dovecot's "shared/" */
	enum precision precision;
	struct writer *writer; /* several routes may share one */
};

struct pipeline_config {
	struct event_source *source;
	struct clock_offset offset;
	uint64_t now_boot_ns; /* 0: the clock's; a replay says when its file ended */

	struct pipeline_route *routes;
	size_t route_count;
	struct writer **writers; /* each once */
	size_t writer_count;
	size_t also_count; /* the last of the writers, which get the logins of all routes */
	struct template_host host;
	struct enrich *enrich;	 /* says pod and container for each login; NULL: those of host */
	int64_t min_interval_ns; /* 0: every login is written (login/coalesce.h) */

	/* The route of a login, or -1: not recorded. */
	int (*match)(const struct login *login, void *context);
	/* Sees every login that passed the filter, with the route; may be NULL. */
	void (*observe)(const struct login *login, int route, void *context);
	/* Sees every record's bytes before the decoder does; may be NULL. */
	void (*record)(struct slice record, void *context);
	void *context;
};

struct pipeline_stats {
	uint64_t events;			/* records taken from the source */
	uint64_t undecodable;			/* lost */
	uint64_t auth;				/* auth records */
	uint64_t joined;			/* mail_user records that found their auth record */
	uint64_t filtered[FILTER_RESULT_COUNT]; /* [FILTER_PASS] are the logins */
	uint64_t unrouted;			/* logins of services that are not recorded */
	uint64_t unexpandable;			/* lost: the key template has no value */
	uint64_t coalesced;			/* written a moment ago: min_interval */
	uint64_t submitted;			/* to a writer; some may be counted lost there */
	struct error last_error;		/* of undecodable and unexpandable records */
};

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

/* Gives back what is safe. True when nothing is outstanding any more. */
bool pipeline_release(struct pipeline *pipeline);

/* Gives back everything taken so far: the writers' memory is now the only copy. */
void pipeline_release_all(struct pipeline *pipeline);

void pipeline_set_offset(struct pipeline *pipeline, const struct clock_offset *offset);
const struct pipeline_stats *pipeline_stats(const struct pipeline *pipeline);

#endif
