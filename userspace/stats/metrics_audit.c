/* SPDX-License-Identifier: MIT */
/* The numbers of the audit stream and of failed authentications. */
#include "stats/metrics_private.h"

static const struct metric_row audit_rows[] = {
	{.metric = {"dovetap_audit_up",
		    "1 while the audit stream can be written.",
		    METRIC_GAUGE,
		    {NULL}},
	 .advice = "Alert when 0: the log has the reason. Records wait in memory, up to "
		   "`audit_queue_size`.",
	 AT(struct audit_stats, up)},
	{.metric = {"dovetap_audit_events_total",
		    "Records made for the audit stream.",
		    METRIC_COUNTER,
		    {"event"}},
	 .advice = "For information.",
	 AT_ARRAY(struct audit_stats, events, login_event_kind_name)},
	{.metric = {"dovetap_audit_written_total",
		    "Records written to the audit stream.",
		    METRIC_COUNTER,
		    {NULL}},
	 .advice = "For information.",
	 AT(struct audit_stats, written)},
};

const struct metric_table metrics_audit_table = METRIC_TABLE("Audit stream", audit_rows);

void metrics_collect_audit(const struct audit *audit, struct metrics *metrics)
{
	struct audit_stats stats;

	if (!audit)
		return;
	audit_stats(audit, &stats);
	metric_table_collect(&metrics_audit_table, &stats, metrics);
}

/* Of one service. */
struct failure_counts {
	uint64_t by_outcome[LOGIN_OUTCOME_COUNT];
};

static const char *failure_name(unsigned int outcome)
{
	return outcome == LOGIN_OUTCOME_OK || outcome == LOGIN_OUTCOME_UNKNOWN
		       ? NULL
		       : login_outcome_name(outcome);
}

static const struct metric_row failure_rows[] = {
	{.metric =
		 {"dovetap_auth_failures_total",
		  "Authentications that were refused, of the services and reasons that there were.",
		  METRIC_COUNTER,
		  {"service", "reason"}},
	 .advice = "A rising `password_mismatch` or `user_unknown` is guessing: "
		   "`dovetap top --failures` names users and networks. `internal_failure`: "
		   "a passdb of Dovecot does not answer.",
	 .outer = "the service; at most 15 names and `other`",
	 AT_ARRAY(struct failure_counts, by_outcome, failure_name),
	 .only_nonzero = true},
};

const struct metric_table metrics_failures_table =
	METRIC_TABLE("Failed authentications", failure_rows);

void metrics_collect_failures(const struct failures *failures, struct metrics *metrics)
{
	const char *service;

	for (size_t i = 0; (service = failures_service(failures, i)); i++) {
		struct failure_counts counts;

		for (unsigned int outcome = 0; outcome < LOGIN_OUTCOME_COUNT; outcome++)
			counts.by_outcome[outcome] = failures_count(failures, i, outcome);
		metric_row_collect(&failure_rows[0], &counts, service, metrics);
	}
}
