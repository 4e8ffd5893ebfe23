/* SPDX-License-Identifier: MIT */
/* The numbers of each dict's writer. */
#include <stdlib.h>

#include "stats/metrics_collect.h"
#include "stats/metrics_private.h"

static const struct metric submitted = {"dovetap_dict_submitted_total",
					"Records handed to the dict's writer.",
					METRIC_COUNTER,
					{"dict"}};
static const struct metric written = {
	"dovetap_dict_records_total",
	"Records by what became of them; retried and uncertain ones go on waiting.",
	METRIC_COUNTER,
	{"dict", "outcome"}};
static const struct metric batches = {"dovetap_dict_batches_total",
				      "Writes of a batch, by success.",
				      METRIC_COUNTER,
				      {"dict", "result"}};
static const struct metric pending = {
	"dovetap_dict_pending_records", "Records that wait in memory.", METRIC_GAUGE, {"dict"}};
static const struct metric pending_bytes = {
	"dovetap_dict_pending_bytes", "Memory that they take.", METRIC_GAUGE, {"dict"}};
static const struct metric spooled = {
	"dovetap_dict_spooled_records", "Records that wait in the spool.", METRIC_GAUGE, {"dict"}};
static const struct metric spool = {"dovetap_dict_spool_records_total",
				    "Records by their way into and out of the spool.",
				    METRIC_COUNTER,
				    {"dict", "way"}};
static const struct metric spool_errors = {"dovetap_dict_spool_errors_total",
					   "Calls that failed, and files moved aside.",
					   METRIC_COUNTER,
					   {"dict", "kind"}};
static const struct metric held = {"dovetap_dict_held_records",
				   "Records that min_interval holds back.",
				   METRIC_GAUGE,
				   {"dict"}};
static const struct metric coalesced = {"dovetap_logins_coalesced_total",
					"Logins not written, for a newer one of min_interval was.",
					METRIC_COUNTER,
					{"dict"}};
static const struct metric expired = {"dovetap_dict_expired_total",
				      "Records removed from the dict, for they were old.",
				      METRIC_COUNTER,
				      {"dict"}};
static const struct metric up = {
	"dovetap_dict_up", "1 while the dict answers.", METRIC_GAUGE, {"dict"}};

/* One family at a time, because samples of a metric must follow each other. */
static void collect_each_dict(const struct metrics_source *source, struct metrics *metrics,
			      void (*one)(struct metrics *, const char *,
					  const struct writer_stats *))
{
	const struct plan *plan = source->targets->plan;

	for (size_t i = 0; i < plan_dict_count(plan); i++) {
		struct writer_stats stats;

		writer_stats(source->targets->writers[i], &stats);
		one(metrics, plan_dict_id(plan, i), &stats);
	}
}

static void add_submitted(struct metrics *metrics, const char *dict, const struct writer_stats *w)
{
	metrics_add(metrics, &submitted, dict, NULL, (double)w->submitted);
}

static void add_written(struct metrics *metrics, const char *dict, const struct writer_stats *w)
{
	metrics_add(metrics, &written, dict, "stored", (double)w->stored);
	metrics_add(metrics, &written, dict, "unchanged", (double)w->unchanged);
	metrics_add(metrics, &written, dict, "superseded", (double)w->superseded);
	metrics_add(metrics, &written, dict, "retried", (double)w->retried);
	metrics_add(metrics, &written, dict, "uncertain", (double)w->uncertain);
	metrics_add(metrics, &written, dict, "refused", (double)w->lost[WRITER_LOST_REFUSED]);
	metrics_add(metrics, &written, dict, "lost",
		    (double)(w->lost[WRITER_LOST_MEMORY] + w->lost[WRITER_LOST_NOMEM] +
			     w->lost[WRITER_LOST_DAMAGED]));
}

static void add_batches(struct metrics *metrics, const char *dict, const struct writer_stats *w)
{
	metrics_add(metrics, &batches, dict, "answered", (double)(w->batches - w->failures));
	metrics_add(metrics, &batches, dict, "failed", (double)w->failures);
}

static void add_pending(struct metrics *metrics, const char *dict, const struct writer_stats *w)
{
	metrics_add(metrics, &pending, dict, NULL, (double)w->pending);
}

static void add_pending_bytes(struct metrics *metrics, const char *dict,
			      const struct writer_stats *w)
{
	metrics_add(metrics, &pending_bytes, dict, NULL, (double)w->pending_bytes);
}

static void add_spooled(struct metrics *metrics, const char *dict, const struct writer_stats *w)
{
	metrics_add(metrics, &spooled, dict, NULL, (double)w->spooled);
}

static void add_spool(struct metrics *metrics, const char *dict, const struct writer_stats *w)
{
	metrics_add(metrics, &spool, dict, "found", (double)w->spool_found);
	metrics_add(metrics, &spool, dict, "in", (double)w->spool_in);
	metrics_add(metrics, &spool, dict, "out", (double)w->spool_out);
	metrics_add(metrics, &spool, dict, "external", (double)w->spool_gone);
}

static void add_spool_errors(struct metrics *metrics, const char *dict,
			     const struct writer_stats *w)
{
	metrics_add(metrics, &spool_errors, dict, "error", (double)w->spool_errors);
	metrics_add(metrics, &spool_errors, dict, "damaged", (double)w->spool_damaged);
}

static void add_held(struct metrics *metrics, const char *dict, const struct writer_stats *w)
{
	metrics_add(metrics, &held, dict, NULL, (double)w->held);
}

static void add_coalesced(struct metrics *metrics, const char *dict, const struct writer_stats *w)
{
	metrics_add(metrics, &coalesced, dict, NULL, (double)w->coalesced);
}

static void add_expired(struct metrics *metrics, const char *dict, const struct writer_stats *w)
{
	metrics_add(metrics, &expired, dict, NULL, (double)w->expired);
}

static void add_up(struct metrics *metrics, const char *dict, const struct writer_stats *w)
{
	metrics_add(metrics, &up, dict, NULL, w->up);
}

void metrics_collect_dicts(const struct metrics_source *source, struct metrics *metrics)
{
	static void (*const families[])(struct metrics *, const char *,
					const struct writer_stats *) = {
		add_submitted,	   add_written,	  add_batches, add_pending,
		add_pending_bytes, add_spooled,	  add_spool,   add_spool_errors,
		add_held,	   add_coalesced, add_up,      add_expired,
	};

	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++)
		collect_each_dict(source, metrics, families[i]);
}

int64_t metrics_dicts_difference(const struct metrics_source *source)
{
	int64_t sum = 0;

	for (size_t i = 0; i < plan_dict_count(source->targets->plan); i++) {
		struct writer_stats stats;

		writer_stats(source->targets->writers[i], &stats);
		sum += llabs(writer_stats_difference(&stats));
	}
	return sum;
}
