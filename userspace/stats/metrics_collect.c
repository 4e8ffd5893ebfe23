/* SPDX-License-Identifier: MIT */
#include "stats/metrics_collect.h"

#include "stats/metrics_private.h"

static const struct metric info = {
	"dovetap_build_info", "The version that runs.", METRIC_GAUGE, {"version"}};
static const struct metric started = {"dovetap_start_time_seconds",
				      "When the collector started, since 1970.",
				      METRIC_GAUGE,
				      {NULL}};
static const struct metric probes = {
	"dovetap_probes_attached", "Probes attached to Dovecot's files.", METRIC_GAUGE, {NULL}};
static const struct metric hung = {
	"dovetap_places_hung",
	"Places (containers, mounts) where the search for Dovecot gets no answer.",
	METRIC_GAUGE,
	{NULL}};
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

void metrics_collect(const struct metrics_source *source, struct metrics *metrics)
{
	metrics_add(metrics, &info, DOVETAP_VERSION, NULL, 1);
	metrics_add(metrics, &started, NULL, NULL, (double)source->started_ns / (double)NS_PER_SEC);
	metrics_add(metrics, &probes, NULL, NULL, source->probes.links);
	metrics_add(metrics, &refused, NULL, NULL, source->probes.refused);
	metrics_add(metrics, &hung, NULL, NULL, source->probes.hung);
	metrics_add(metrics, &landlock, NULL, NULL, source->landlock);
	metrics_add(metrics, &clock_steps, "forward", NULL, (double)source->timeline->forward);
	metrics_add(metrics, &clock_steps, "back", NULL, (double)source->timeline->back);
	metrics_collect_ring(source, metrics);
	metrics_collect_kernel(source->counters, metrics);
	metrics_collect_pipeline(source->pipeline, metrics);
	metrics_collect_losses(source, metrics);
	metrics_collect_audit_losses(source->audit, metrics);
	metrics_collect_differences(source, metrics);
	metrics_collect_audit(source->audit, metrics);
	metrics_collect_failures(source->failures, metrics);
	metrics_collect_dicts(source, metrics);
}
