/* SPDX-License-Identifier: MIT */
/* The numbers of what lies between the ring and the dicts. */
#include "stats/metrics_collect.h"
#include "stats/metrics_private.h"

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
static const struct metric submitted_position = {"dovetap_records_submitted_total",
						 "Records handed to one dict or several.",
						 METRIC_COUNTER,
						 {NULL}};
static const struct metric joined = {"dovetap_logins_joined_total",
				     "Logins that found their authentication.",
				     METRIC_COUNTER,
				     {NULL}};

void metrics_collect_pipeline(const struct pipeline *pipeline, struct metrics *metrics)
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
	metrics_add(metrics, &submitted_position, NULL, NULL, (double)delivered->submitted);
	metrics_add(metrics, &joined, NULL, NULL, (double)stats->joined);
}
