/* SPDX-License-Identifier: MIT */
/* The numbers of the audit stream and of failed authentications. */
#include "stats/metrics_collect.h"
#include "stats/metrics_private.h"

static const struct metric audited = {"dovetap_audit_events_total",
				      "Records made for the audit stream.",
				      METRIC_COUNTER,
				      {"event"}};
static const struct metric audit_written = {"dovetap_audit_written_total",
					    "Records written to the audit stream.",
					    METRIC_COUNTER,
					    {NULL}};
static const struct metric audit_up = {
	"dovetap_audit_up", "1 while the audit stream can be written.", METRIC_GAUGE, {NULL}};
static const struct metric failed = {"dovetap_auth_failures_total",
				     "Authentications that were refused.",
				     METRIC_COUNTER,
				     {"service", "reason"}};

void metrics_collect_audit(const struct audit *audit, struct metrics *metrics)
{
	struct audit_stats stats;

	if (!audit)
		return;
	audit_stats(audit, &stats);
	for (unsigned int kind = 0; kind < LOGIN_EVENT_KINDS; kind++)
		metrics_add(metrics, &audited, login_event_kind_name(kind), NULL,
			    (double)stats.events[kind]);
	metrics_add(metrics, &audit_written, NULL, NULL, (double)stats.written);
	metrics_add(metrics, &audit_up, NULL, NULL, stats.up);
}

/* Those that there were: of the others most would be 0 for ever. */
void metrics_collect_failures(const struct failures *failures, struct metrics *metrics)
{
	const char *service;

	for (size_t i = 0; (service = failures_service(failures, i)); i++) {
		for (unsigned int outcome = 0; outcome < LOGIN_OUTCOME_COUNT; outcome++) {
			uint64_t count = failures_count(failures, i, outcome);

			if (count > 0)
				metrics_add(metrics, &failed, service, login_outcome_name(outcome),
					    (double)count);
		}
	}
}
