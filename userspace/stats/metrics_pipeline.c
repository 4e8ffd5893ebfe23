/* SPDX-License-Identifier: MIT */
/* The numbers of what lies between the ring and the dicts. */
#include "stats/metrics_private.h"

struct pipeline_numbers {
	struct pipeline_stats pipeline;
	struct deliver_stats deliver;
	unsigned int waiting, held;
};

#define P(member)	      AT(struct pipeline_numbers, member)
#define P_ARRAY(member, name) AT_ARRAY(struct pipeline_numbers, member, name)

static const struct metric_row rows[] = {
	{.metric = {"dovetap_events_total",
		    "Records that the collector took from the ring.",
		    METRIC_COUNTER,
		    {NULL}},
	 .advice = "Alert when it stands still while people log in.",
	 P(pipeline.events)},
	{.metric = {"dovetap_events_again_total",
		    "Of these, records that a collector which ended had taken before: it had given "
		    "them to no dict or spool, or had not yet noted so.",
		    METRIC_COUNTER,
		    {NULL}},
	 .advice = "For information: such a login is stored, and counted, twice.",
	 P(pipeline.again)},
	{.metric =
		 {"dovetap_records_judged_total",
		  "Records by what the kernel knows of the process that made them. All but `proved` "
		  "and `unverified` are refused.",
		  METRIC_COUNTER,
		  {"verdict"}},
	 .advice =
		 "Alert when a refused one rises: somebody forges logins, or runs a Dovecot in a way "
		 "that `docs/threat-model.md` names. The log has uid and executable.",
	 P_ARRAY(pipeline.judged, origin_verdict_name)},
	{.metric = {"dovetap_logins_total",
		    "Records of mail users, by the result of the filter; `passed` are the logins.",
		    METRIC_COUNTER,
		    {"result"}},
	 .advice = "`duplicate` rising as fast as `passed`: a file is attached twice, report it. "
		   "Losses are counted in `dovetap_events_lost_total`, too.",
	 P_ARRAY(pipeline.filtered, filter_result_name)},
	{.metric = {"dovetap_other_records_total",
		    "Records of authentications and proxied logins, by the result of the filter.",
		    METRIC_COUNTER,
		    {"result"}},
	 .advice = "As `dovetap_logins_total`.",
	 P_ARRAY(pipeline.others, filter_result_name)},
	{.metric = {"dovetap_join_waiting",
		    "Records that wait for the other ones of their session.",
		    METRIC_GAUGE,
		    {NULL}},
	 .advice = "For information; none waits longer than 50 ms.",
	 P(waiting)},
	{.metric = {"dovetap_join_cut_off_total",
		    "Records that waited so when a collector ended; its successor took them again.",
		    METRIC_COUNTER,
		    {NULL}},
	 .advice = "For information.",
	 P(pipeline.cut_off)},
	{.metric = {"dovetap_layout_waiting",
		    "Events that wait for the proof of the layout that they were read with.",
		    METRIC_GAUGE,
		    {NULL}},
	 .advice = "Above 0 for minutes: `dovetap check` names the file. None waits longer than "
		   "an hour.",
	 P(held)},
	{.metric = {"dovetap_logins_joined_total",
		    "Logins whose authentication was found.",
		    METRIC_COUNTER,
		    {NULL}},
	 .advice =
		 "Far fewer than `dovetap_login_events_total`: is the `auth` program watched? See "
		 "`dovetap check`.",
	 P(pipeline.joined)},
	{.metric = {"dovetap_login_events_total", "Events, by kind.", METRIC_COUNTER, {"kind"}},
	 .advice = "For information: the rate of logins and of failures.",
	 P_ARRAY(pipeline.kinds, login_event_kind_name)},
	{.metric = {"dovetap_logins_recorded_total",
		    "Logins of services that are recorded.",
		    METRIC_COUNTER,
		    {NULL}},
	 .advice = "For information.",
	 P(deliver.logins)},
	{.metric = {"dovetap_logins_unrecorded_total",
		    "Logins of services that the configuration does not record.",
		    METRIC_COUNTER,
		    {NULL}},
	 .advice = "If these should be recorded, see `services` and `mail_plugins`.",
	 P(deliver.unrouted)},
	{.metric = {"dovetap_records_due_total",
		    "Records to be written, by their key.",
		    METRIC_COUNTER,
		    {"purpose"}},
	 .advice = "For information: `last_login_key`, `last_auth_key`, `last_failure_key`.",
	 P_ARRAY(deliver.due, deliver_purpose_name)},
	{.metric = {"dovetap_records_submitted_total",
		    "Records handed to one dict or several.",
		    METRIC_COUNTER,
		    {NULL}},
	 .advice = "For information.",
	 P(deliver.submitted)},
};

const struct metric_table metrics_pipeline_table = METRIC_TABLE("Collector", rows);

void metrics_collect_pipeline(const struct pipeline *pipeline, struct metrics *metrics)
{
	const struct pipeline_numbers numbers = {
		.pipeline = *pipeline_stats(pipeline),
		.deliver = *pipeline_delivered(pipeline),
		.waiting = pipeline_waiting(pipeline),
		.held = pipeline_held(pipeline),
	};

	metric_table_collect(&metrics_pipeline_table, &numbers, metrics);
}
