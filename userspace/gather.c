/* SPDX-License-Identifier: MIT */
#include "gather.h"
#include "gather_private.h"

#include "capture/counters.h"

#include <stdlib.h>

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
static const struct metric clock_steps = {"dovetap_clock_steps_total",
					  "How often the wall clock was set.",
					  METRIC_COUNTER,
					  {"direction"}};
static const struct metric hits = {"dovetap_probe_hits_total",
				   "What became of the probe hits, in the kernel.",
				   METRIC_COUNTER,
				   {"result"}};
static const struct metric seen = {
	"dovetap_probe_seen_total", "Probe hits, in the kernel.", METRIC_COUNTER, {NULL}};
static const struct metric remarks = {"dovetap_record_remarks_total",
				      "Records of which something is to be said.",
				      METRIC_COUNTER,
				      {"remark"}};
static const struct metric on_cpu = {"dovetap_cpu_hits_total",
				     "Probe hits on each CPU: seen = recorded + lost + left_out.",
				     METRIC_COUNTER,
				     {"cpu", "result"}};
static const struct metric ring_bytes = {
	"dovetap_ring_bytes", "Size of the ring buffer.", METRIC_GAUGE, {NULL}};
static const struct metric ring_used = {"dovetap_ring_used_bytes",
					"Records in the ring that are not safe elsewhere yet.",
					METRIC_GAUGE,
					{NULL}};
static const struct metric ring_inherited = {
	"dovetap_ring_inherited",
	"1 if an earlier process has left the ring and its records.",
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
					"Logins not written, for a newer one of min_interval was.",
					METRIC_COUNTER,
					{"dict"}};
static const struct metric routed = {"dovetap_logins_recorded_total",
				     "Logins of services that are recorded.",
				     METRIC_COUNTER,
				     {NULL}};
static const struct metric others = {"dovetap_other_records_total",
				     "Authentications and proxied logins by what the filter said.",
				     METRIC_COUNTER,
				     {"result"}};
static const struct metric waiting = {"dovetap_join_waiting",
				      "Records that wait for the other ones of their session.",
				      METRIC_GAUGE,
				      {NULL}};
static const struct metric due = {"dovetap_records_due_total",
				  "Records to be written, by what they tell.",
				  METRIC_COUNTER,
				  {"purpose"}};
static const struct metric handed_on = {"dovetap_records_handed_on_total",
					"Records handed to one dict or several.",
					METRIC_COUNTER,
					{NULL}};
static const struct metric joined = {"dovetap_logins_joined_total",
				     "Logins that found their authentication.",
				     METRIC_COUNTER,
				     {NULL}};
static const struct metric lost = {"dovetap_events_lost_total",
				   "Events lost, by where and why.",
				   METRIC_COUNTER,
				   {"stage", "reason"}};
static const struct metric unexplained = {
	"dovetap_events_unexplained",
	"What came into a stage less what is known of it; 0 but for what is on its way now.",
	METRIC_GAUGE,
	{"stage"}};
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
static const struct metric spool_trouble = {"dovetap_dict_spool_trouble_total",
					    "Calls that failed, and files moved aside.",
					    METRIC_COUNTER,
					    {"dict", "kind"}};
static const struct metric held = {"dovetap_dict_held_records",
				   "Records that min_interval holds back.",
				   METRIC_GAUGE,
				   {"dict"}};
static const struct metric expired = {"dovetap_dict_expired_total",
				      "Records removed from the dict, for they were old.",
				      METRIC_COUNTER,
				      {"dict"}};
static const struct metric up = {
	"dovetap_dict_up", "1 while the dict answers.", METRIC_GAUGE, {"dict"}};

static bool is_result(enum dovetap_counter counter)
{
	return counter_use(counter) != DOVETAP_COUNTS_SEEN &&
	       counter_use(counter) != DOVETAP_COUNTS_REMARK;
}

/* Of reasons that a newer version has, which ran before this one. */
static uint64_t unknown_results(const struct counters *counters)
{
	return counters_unknown(counters, DOVETAP_COUNTS_RECORD) +
	       counters_unknown(counters, DOVETAP_COUNTS_LOGIN_LOST) +
	       counters_unknown(counters, DOVETAP_COUNTS_NO_LOGIN);
}

static void gather_cpu(const struct counters *counters, unsigned int cpu, struct metrics *metrics)
{
	const struct {
		const char *name;
		enum dovetap_counter_use use;
	} results[] = {
		{"seen", DOVETAP_COUNTS_SEEN},
		{"recorded", DOVETAP_COUNTS_RECORD},
		{"lost", DOVETAP_COUNTS_LOGIN_LOST},
		{"left_out", DOVETAP_COUNTS_NO_LOGIN},
	};
	const char *label = metrics_number(metrics, cpu);

	for (size_t i = 0; i < sizeof(results) / sizeof(results[0]); i++)
		metrics_add(metrics, &on_cpu, label, results[i].name,
			    (double)counters_sum(counters, cpu, results[i].use));
}

static void gather_kernel(const struct counters *counters, struct metrics *metrics)
{
	metrics_add(metrics, &seen, NULL, NULL,
		    (double)counter_value(counters, DOVETAP_COUNT_SEEN));
	for (unsigned int i = 0; i < DOVETAP_COUNTER_COUNT; i++) {
		if (is_result(i))
			metrics_add(metrics, &hits, counter_name(i), NULL,
				    (double)counter_value(counters, i));
	}
	metrics_add(metrics, &hits, "unknown", NULL, (double)unknown_results(counters));
	for (unsigned int i = 0; i < DOVETAP_COUNTER_COUNT; i++) {
		if (counter_use(i) == DOVETAP_COUNTS_REMARK)
			metrics_add(metrics, &remarks, counter_name(i), NULL,
				    (double)counter_value(counters, i));
	}
	for (unsigned int cpu = 0; cpu < counters->cpus; cpu++)
		gather_cpu(counters, cpu, metrics);
}

static void gather_pipeline(const struct pipeline *pipeline, struct metrics *metrics)
{
	const struct pipeline_stats *stats = pipeline_stats(pipeline);
	const struct deliver_stats *delivered = pipeline_delivered(pipeline);

	metrics_add(metrics, &events, NULL, NULL, (double)stats->events);
	for (unsigned int i = 0; i < FILTER_RESULT_COUNT; i++)
		metrics_add(metrics, &filtered, filter_result_name(i), NULL,
			    (double)stats->filtered[i]);
	for (unsigned int i = 0; i < FILTER_RESULT_COUNT; i++)
		metrics_add(metrics, &others, filter_result_name(i), NULL,
			    (double)stats->others[i]);
	metrics_add(metrics, &waiting, NULL, NULL, pipeline_waiting(pipeline));
	for (unsigned int i = 0; i < LOGIN_EVENT_KINDS; i++)
		metrics_add(metrics, &kinds, login_event_kind_name(i), NULL,
			    (double)stats->kinds[i]);
	metrics_add(metrics, &unrouted, NULL, NULL, (double)delivered->unrouted);
	metrics_add(metrics, &routed, NULL, NULL, (double)delivered->logins);
	for (unsigned int i = 0; i < DELIVER_PURPOSES; i++)
		metrics_add(metrics, &due, deliver_purpose_name(i), NULL,
			    (double)delivered->due[i]);
	metrics_add(metrics, &handed_on, NULL, NULL, (double)delivered->submitted);
	metrics_add(metrics, &joined, NULL, NULL, (double)stats->joined);
}

bool filter_is_loss(enum filter_result result)
{
	return result == FILTER_CUT_NAME || result == FILTER_NO_NAME || result == FILTER_FUTURE;
}

static uint64_t lost_by_writers(const struct gather_source *source, enum writer_lost reason)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < plan_dict_count(source->targets->plan); i++) {
		struct writer_stats writer;

		writer_stats(source->targets->writers[i], &writer);
		sum += writer.lost[reason];
	}
	return sum;
}

static void gather_losses(const struct gather_source *source, struct metrics *metrics)
{
	const struct pipeline_stats *stats = pipeline_stats(source->pipeline);

	for (unsigned int i = 0; i < DOVETAP_COUNTER_COUNT; i++) {
		if (counter_use(i) == DOVETAP_COUNTS_LOGIN_LOST)
			metrics_add(metrics, &lost, "probe", counter_name(i),
				    (double)counter_value(source->counters, i));
	}
	metrics_add(metrics, &lost, "probe", "unknown",
		    (double)counters_unknown(source->counters, DOVETAP_COUNTS_LOGIN_LOST));
	metrics_add(metrics, &lost, "decode", "undecodable", (double)stats->undecodable);
	metrics_add(metrics, &lost, "decode", "other_version", (double)stats->other_version);
	for (unsigned int i = 0; i < FILTER_RESULT_COUNT; i++) {
		if (filter_is_loss(i))
			metrics_add(metrics, &lost, "filter", filter_result_name(i),
				    (double)(stats->filtered[i] + stats->others[i]));
	}
	metrics_add(metrics, &lost, "join", "no_auth", (double)stats->strangers);
	metrics_add(metrics, &lost, "key", "unexpandable",
		    (double)pipeline_delivered(source->pipeline)->unexpandable);
	for (unsigned int reason = 0; reason < WRITER_LOST_COUNT; reason++)
		metrics_add(metrics, &lost, reason == WRITER_LOST_DAMAGED ? "spool" : "dict",
			    writer_lost_name(reason), (double)lost_by_writers(source, reason));
}

uint64_t gather_lost(const struct gather_source *source)
{
	const struct pipeline_stats *stats = pipeline_stats(source->pipeline);
	uint64_t sum = stats->undecodable + stats->other_version + stats->strangers +
		       pipeline_delivered(source->pipeline)->unexpandable;

	for (unsigned int i = 0; i < DOVETAP_COUNTER_COUNT; i++) {
		if (counter_use(i) == DOVETAP_COUNTS_LOGIN_LOST)
			sum += counter_value(source->counters, i);
	}
	sum += counters_unknown(source->counters, DOVETAP_COUNTS_LOGIN_LOST);
	for (unsigned int i = 0; i < FILTER_RESULT_COUNT; i++) {
		if (filter_is_loss(i))
			sum += stats->filtered[i] + stats->others[i];
	}
	for (unsigned int reason = 0; reason < WRITER_LOST_COUNT; reason++)
		sum += lost_by_writers(source, reason);
	return sum;
}

static void gather_audit_losses(const struct audit *audit, struct metrics *metrics)
{
	struct audit_stats stats;

	if (!audit)
		return;
	audit_stats(audit, &stats);
	for (unsigned int reason = 0; reason < AUDIT_LOST_COUNT; reason++)
		metrics_add(metrics, &lost, "audit", audit_lost_name(reason),
			    (double)stats.lost[reason]);
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
	metrics_add(metrics, &spool, dict, "by_hand", (double)w->spool_gone);
}

static void add_spool_trouble(struct metrics *metrics, const char *dict,
			      const struct writer_stats *w)
{
	metrics_add(metrics, &spool_trouble, dict, "error", (double)w->spool_errors);
	metrics_add(metrics, &spool_trouble, dict, "damaged", (double)w->spool_damaged);
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

static void gather_dicts(const struct gather_source *source, struct metrics *metrics)
{
	static void (*const families[])(struct metrics *, const char *,
					const struct writer_stats *) = {
		add_submitted,	   add_written,	  add_batches, add_pending,
		add_pending_bytes, add_spooled,	  add_spool,   add_spool_trouble,
		add_held,	   add_coalesced, add_up,      add_expired,
	};

	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++)
		gather_each_dict(source, metrics, families[i]);
}

static void gather_ring(const struct gather_source *source, struct metrics *metrics)
{
	struct source_level level;

	source->ring->ops->level(source->ring, &level);
	metrics_add(metrics, &ring_bytes, NULL, NULL, (double)level.size);
	metrics_add(metrics, &ring_used, NULL, NULL, (double)level.used);
	metrics_add(metrics, &ring_inherited, NULL, NULL, source->probes.inherited);
}

/* --- do they add up? ------------------------------------------------------------------------- */

static int64_t kernel_difference(const struct counters *counters)
{
	uint64_t results = unknown_results(counters);

	for (unsigned int i = 0; i < DOVETAP_COUNTER_COUNT; i++) {
		if (is_result(i))
			results += counter_value(counters, i);
	}
	return (int64_t)(counter_value(counters, DOVETAP_COUNT_SEEN) - results);
}

static int64_t dicts_difference(const struct gather_source *source)
{
	int64_t sum = 0;

	for (size_t i = 0; i < plan_dict_count(source->targets->plan); i++) {
		struct writer_stats stats;

		writer_stats(source->targets->writers[i], &stats);
		sum += llabs(writer_stats_difference(&stats));
	}
	return sum;
}

static void gather_difference_of_each(const struct gather_source *source, struct metrics *metrics)
{
	metrics_add(metrics, &unexplained, "probe", NULL,
		    (double)kernel_difference(source->counters));
	metrics_add(metrics, &unexplained, "pipeline", NULL,
		    (double)pipeline_difference(source->pipeline));
	metrics_add(metrics, &unexplained, "dict", NULL, (double)dicts_difference(source));
}

int64_t gather_difference(const struct gather_source *source)
{
	return llabs(kernel_difference(source->counters)) +
	       llabs(pipeline_difference(source->pipeline)) + dicts_difference(source);
}

void gather(const struct gather_source *source, struct metrics *metrics)
{
	metrics_add(metrics, &info, DOVETAP_VERSION, NULL, 1);
	metrics_add(metrics, &started, NULL, NULL, (double)source->started_ns / (double)NS_PER_SEC);
	metrics_add(metrics, &probes, NULL, NULL, source->probes.links);
	metrics_add(metrics, &refused, NULL, NULL, source->probes.refused);
	metrics_add(metrics, &landlock, NULL, NULL, source->landlock);
	metrics_add(metrics, &clock_steps, "forward", NULL, (double)source->timeline->forward);
	metrics_add(metrics, &clock_steps, "back", NULL, (double)source->timeline->back);
	gather_ring(source, metrics);
	gather_kernel(source->counters, metrics);
	gather_pipeline(source->pipeline, metrics);
	gather_losses(source, metrics);
	gather_audit_losses(source->audit, metrics);
	gather_difference_of_each(source, metrics);
	gather_audit(source->audit, metrics);
	gather_failures(source->failures, metrics);
	gather_dicts(source, metrics);
}
