/* SPDX-License-Identifier: MIT */
#include "stats/metrics_collect.h"

#include "stats/metrics_private.h"

struct collector_numbers {
	unsigned int version[1]; /* always 1, the version is its label */
	double started;
	struct metrics_probes probes;
	int landlock;
	uint64_t forward, back;
};

#define C(member) AT(struct collector_numbers, member)

static const char *version_name(unsigned int index)
{
	(void)index;
	return DOVETAP_VERSION;
}

static const char *refusal_name(unsigned int index)
{
	return priv_refusal_name(index);
}

static const struct metric_part directions[] = {
	{"forward", offsetof(struct collector_numbers, forward)},
	{"back", offsetof(struct collector_numbers, back)},
	{NULL, 0},
};

static const struct metric_row rows[] = {
	{.metric = {"dovetap_build_info", "The version that runs.", METRIC_GAUGE, {"version"}},
	 .advice = "For information.",
	 AT_ARRAY(struct collector_numbers, version, version_name)},
	{.metric = {"dovetap_start_time_seconds",
		    "When the collector started, in seconds since 1970.",
		    METRIC_GAUGE,
		    {NULL}},
	 .advice = "Changes again and again: the collector crashes, the log has why.",
	 C(started)},
	{.metric = {"dovetap_probes_attached",
		    "Probes attached to Dovecot's files.",
		    METRIC_GAUGE,
		    {NULL}},
	 .advice = "Alert when 0 while Dovecot runs; `dovetap check` has the reason.",
	 C(probes.links)},
	{.metric = {"dovetap_builds_refused",
		    "Dovecot files that cannot be watched.",
		    METRIC_GAUGE,
		    {NULL}},
	 .advice = "Alert when above 0: logins there are missed. `dovetap status` and the log name "
		   "file and reason.",
	 C(probes.refused)},
	{.metric = {"dovetap_files_not_attached",
		    "The same by reason: the ABI string is not known, or there is none; the probed "
		    "function is not there or never called; the file is on FUSE; the kernel or the "
		    "check before it refused the probe; records contradict the layout.",
		    METRIC_GAUGE,
		    {"reason"}},
	 .advice = "`unknown_abi`, `layout_refused`: make a layout with `dovetap layout make`. "
		   "`fuse`: see `attach_fuse`. The others: report it; the log has file and reason.",
	 AT_ARRAY(struct collector_numbers, probes.refused_by, refusal_name)},
	{.metric = {"dovetap_dovecot_processes",
		    "Processes of Dovecot that the last search has seen; 0: none runs here.",
		    METRIC_GAUGE,
		    {NULL}},
	 .advice = "Alert when above 0 and `dovetap_probes_attached` is 0: logins are missed.",
	 C(probes.dovecots)},
	{.metric = {"dovetap_places_stalled",
		    "Places (containers, mounts) that do not answer the search for Dovecot.",
		    METRIC_GAUGE,
		    {NULL}},
	 .advice = "The log names them; a Dovecot that starts there is not seen until they answer.",
	 C(probes.stalled)},
	{.metric = {"dovetap_search_limited",
		    "Files and directories that the last search for Dovecot left out at a limit.",
		    METRIC_GAUGE,
		    {NULL}},
	 .advice =
		 "Alert when above 0: somebody uses up the limit, and a Dovecot of the same user or "
		 "container may be missed. The log names path and limit.",
	 C(probes.limited)},
	{.metric = {"dovetap_landlock_version",
		    "The version of the kernel's Landlock that confines the collector; 0: none.",
		    METRIC_GAUGE,
		    {NULL}},
	 .advice = "0: Linux before 5.13, or Landlock is switched off there.",
	 C(landlock)},
	{.metric = {"dovetap_clock_steps_total",
		    "How often the wall clock was set.",
		    METRIC_COUNTER,
		    {"direction"}},
	 .advice = "Rising: mend time keeping; see \"Time\" in `docs/configuration.md`.",
	 .parts = directions},
};

const struct metric_table metrics_collector_table = METRIC_TABLE("Process", rows);

static void collect_collector(const struct metrics_source *source, struct metrics *metrics)
{
	const struct collector_numbers numbers = {
		.version = {1},
		.started = (double)source->started_ns / (double)NS_PER_SEC,
		.probes = source->probes,
		.landlock = source->landlock,
		.forward = source->timeline->forward,
		.back = source->timeline->back,
	};

	metric_table_collect(&metrics_collector_table, &numbers, metrics);
}

void metrics_collect(const struct metrics_source *source, struct metrics *metrics)
{
	collect_collector(source, metrics);
	metrics_collect_processes(source->attacher, metrics);
	metrics_collect_ring(source, metrics);
	metrics_collect_kernel(source->counters, metrics);
	metrics_collect_pipeline(source->pipeline, metrics);
	metrics_collect_losses(source, metrics);
	metrics_collect_differences(source, metrics);
	metrics_collect_audit(source->audit, metrics);
	metrics_collect_failures(source->failures, metrics);
	metrics_collect_layouts(source->judge, metrics);
	metrics_collect_dicts(source, metrics);
}
