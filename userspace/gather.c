/* SPDX-License-Identifier: MIT */
#include "gather.h"

#include "capture/counters.h"
#include "capture/ring.h"

static const struct metric info = {
	"dovetap_build_info", "The version that runs.", METRIC_GAUGE, {"version"}};
static const struct metric started = {"dovetap_start_time_seconds",
				      "When the collector started, since 1970.",
				      METRIC_GAUGE,
				      {NULL}};
static const struct metric probes = {
	"dovetap_probes_attached", "Probes attached to Dovecot's files.", METRIC_GAUGE, {NULL}};
static const struct metric refused = {
	"dovetap_builds_refused", "Dovecot files that cannot be watched.", METRIC_GAUGE, {NULL}};
static const struct metric landlock = {"dovetap_landlock_version",
				       "The kernel's Landlock that the collector is in; 0 is none.",
				       METRIC_GAUGE,
				       {NULL}};
static const struct metric hits = {"dovetap_probe_hits_total",
				   "What became of the probe hits, in the kernel.",
				   METRIC_COUNTER,
				   {"result"}};
static const struct metric ring_bytes = {
	"dovetap_ring_bytes", "Size of the ring buffer.", METRIC_GAUGE, {NULL}};
static const struct metric ring_used = {"dovetap_ring_used_bytes",
					"Records in the ring that are not safe elsewhere yet.",
					METRIC_GAUGE,
					{NULL}};
static const struct metric events = {"dovetap_events_total",
				     "Records that the collector took from the ring.",
				     METRIC_COUNTER,
				     {NULL}};
static const struct metric filtered = {
	"dovetap_logins_total", "Logins by what the filter said.", METRIC_COUNTER, {"result"}};
static const struct metric kinds = {"dovetap_login_events_total",
				    "What happened to logins, by kind.",
				    METRIC_COUNTER,
				    {"kind"}};
static const struct metric unrouted = {"dovetap_logins_unrecorded_total",
				       "Logins of services that are not to be recorded.",
				       METRIC_COUNTER,
				       {NULL}};
static const struct metric coalesced = {"dovetap_logins_coalesced_total",
					"Logins not written, because of min_interval.",
					METRIC_COUNTER,
					{NULL}};
static const struct metric joined = {"dovetap_logins_joined_total",
				     "Logins that found their authentication.",
				     METRIC_COUNTER,
				     {NULL}};
static const struct metric lost = {"dovetap_events_lost_total",
				   "Logins lost, by where and why.",
				   METRIC_COUNTER,
				   {"stage", "reason"}};
static const struct metric submitted = {"dovetap_dict_submitted_total",
					"Records handed to the dict's writer.",
					METRIC_COUNTER,
					{"dict"}};
static const struct metric written = {"dovetap_dict_records_total",
				      "Records by what the dict said.",
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
static const struct metric up = {
	"dovetap_dict_up", "1 while the dict answers.", METRIC_GAUGE, {"dict"}};

static void gather_kernel(const uint64_t *counters, struct metrics *metrics)
{
	for (unsigned int i = 0; i < DOVETAP_COUNTER_COUNT; i++)
		metrics_add(metrics, &hits, counter_name(i), NULL,
			    (double)counter_value(counters, i));
}

static void gather_pipeline(const struct pipeline *pipeline, struct metrics *metrics)
{
	const struct pipeline_stats *stats = pipeline_stats(pipeline);
	const struct deliver_stats *delivered = pipeline_delivered(pipeline);

	metrics_add(metrics, &events, NULL, NULL, (double)stats->events);
	for (unsigned int i = 0; i < FILTER_RESULT_COUNT; i++)
		metrics_add(metrics, &filtered, filter_result_name(i), NULL,
			    (double)stats->filtered[i]);
	for (unsigned int i = 0; i < LOGIN_EVENT_KINDS; i++)
		metrics_add(metrics, &kinds, login_event_kind_name(i), NULL,
			    (double)stats->kinds[i]);
	metrics_add(metrics, &unrouted, NULL, NULL, (double)delivered->unrouted);
	metrics_add(metrics, &coalesced, NULL, NULL, (double)delivered->coalesced);
	metrics_add(metrics, &joined, NULL, NULL, (double)stats->joined);
}

/* Filter results that are a login which should have been recorded. */
static bool filter_is_loss(enum filter_result result)
{
	return result == FILTER_CUT_NAME || result == FILTER_NO_NAME || result == FILTER_FUTURE;
}

static void gather_losses(const struct gather_source *source, struct metrics *metrics)
{
	const struct pipeline_stats *stats = pipeline_stats(source->pipeline);

	for (unsigned int i = 0; i < DOVETAP_COUNTER_COUNT; i++) {
		if (counter_is_loss(i))
			metrics_add(metrics, &lost, "probe", counter_name(i),
				    (double)counter_value(source->counters, i));
	}
	metrics_add(metrics, &lost, "decode", "undecodable", (double)stats->undecodable);
	for (unsigned int i = 0; i < FILTER_RESULT_COUNT; i++) {
		if (filter_is_loss(i))
			metrics_add(metrics, &lost, "filter", filter_result_name(i),
				    (double)(stats->filtered[i] + stats->others[i]));
	}
	metrics_add(metrics, &lost, "join", "no_auth", (double)stats->strangers);
	metrics_add(metrics, &lost, "key", "unexpandable",
		    (double)pipeline_delivered(source->pipeline)->unexpandable);
	for (unsigned int reason = 0; reason < WRITER_LOST_COUNT; reason++) {
		uint64_t sum = 0;

		for (size_t i = 0; i < plan_dict_count(source->targets->plan); i++) {
			struct writer_stats writer;

			writer_stats(source->targets->writers[i], &writer);
			sum += writer.lost[reason];
		}
		metrics_add(metrics, &lost, "dict", writer_lost_name(reason), (double)sum);
	}
}

/* One family at a time, because samples of a metric must follow each other. */
static void gather_each_dict(const struct gather_source *source, struct metrics *metrics,
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

static void add_up(struct metrics *metrics, const char *dict, const struct writer_stats *w)
{
	metrics_add(metrics, &up, dict, NULL, w->up);
}

static void gather_dicts(const struct gather_source *source, struct metrics *metrics)
{
	static void (*const families[])(struct metrics *, const char *,
					const struct writer_stats *) = {
		add_submitted,	   add_written, add_batches, add_pending,
		add_pending_bytes, add_spooled, add_up,
	};

	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++)
		gather_each_dict(source, metrics, families[i]);
}

void gather(const struct gather_source *source, struct metrics *metrics)
{
	metrics_add(metrics, &info, DOVETAP_VERSION, NULL, 1);
	metrics_add(metrics, &started, NULL, NULL, (double)source->started_ns / (double)NS_PER_SEC);
	metrics_add(metrics, &probes, NULL, NULL, source->probes.links);
	metrics_add(metrics, &refused, NULL, NULL, source->probes.refused);
	metrics_add(metrics, &landlock, NULL, NULL, source->landlock);
	metrics_add(metrics, &ring_bytes, NULL, NULL, (double)ring_size(source->ring));
	metrics_add(metrics, &ring_used, NULL, NULL, (double)ring_backlog(source->ring));
	gather_kernel(source->counters, metrics);
	gather_pipeline(source->pipeline, metrics);
	gather_losses(source, metrics);
	gather_dicts(source, metrics);
}
