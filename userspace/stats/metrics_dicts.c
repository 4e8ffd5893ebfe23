/* SPDX-License-Identifier: MIT */
/* The numbers of each dict's writer: the rows are of struct writer_stats. */
#include <stdlib.h>

#include "stats/metrics_private.h"

#define W(member)    AT(struct writer_stats, member)
#define PART(member) offsetof(struct writer_stats, member)
#define W_NS(member) AT_NS(struct writer_stats, member)
#define OF_A_DICT    .outer = "the dict's name, as `dovetap status` prints it"

static const struct metric_part outcomes[] = {
	{"stored", PART(stored)},
	{"unchanged", PART(unchanged)},
	{"superseded", PART(superseded)},
	{"retried", PART(retried)},
	{"uncertain", PART(uncertain)},
	{"refused", PART(lost[WRITER_LOST_REFUSED])},
	{"memory", PART(lost[WRITER_LOST_MEMORY])},
	{"nomem", PART(lost[WRITER_LOST_NOMEM])},
	{"damaged", PART(lost[WRITER_LOST_DAMAGED])},
	{"collector_killed", PART(lost[WRITER_LOST_KILLED])},
	{"killed_while_writing", PART(lost[WRITER_LOST_WRITING])},
	{"again", PART(again)},
	{NULL, 0},
};
static const struct metric_part ways[] = {
	{"found", PART(spool_found)},
	{"in", PART(spool_in)},
	{"out", PART(spool_out)},
	{"external", PART(spool_gone)},
	{NULL, 0},
};
static const struct metric_part failures[] = {
	{"error", PART(spool_errors)},
	{"damaged", PART(spool_damaged)},
	{NULL, 0},
};

static const char *lost_name(unsigned int index)
{
	return writer_lost_name(index);
}

static const struct metric_row rows[] = {
	{.metric = {"dovetap_dict_up", "1 while the dict answers.", METRIC_GAUGE, {"dict"}},
	 .advice = "Alert when 0 for longer than the store may be down; `dovetap status` prints "
		   "its error. Records wait in the spool meanwhile.",
	 OF_A_DICT,
	 W(up)},
	{.metric = {"dovetap_dict_submitted_total",
		    "Records handed to the dict's writer.",
		    METRIC_COUNTER,
		    {"dict"}},
	 .advice = "For information.",
	 OF_A_DICT,
	 W(submitted)},
	{.metric = {"dovetap_dict_records_total",
		    "Records by what became of them; retried and uncertain ones go on waiting.",
		    METRIC_COUNTER,
		    {"dict", "outcome"}},
	 .advice =
		 "`refused`: the log has the store's reason, `dovetap spool list` "
		 "the records. A rising `retried` or `uncertain`: look at the store and the network.",
	 OF_A_DICT,
	 .parts = outcomes},
	{.metric = {"dovetap_dict_lost_total",
		    "Of these, records that were lost: what `dovetap_events_lost_total` has of all "
		    "dicts together.",
		    METRIC_COUNTER,
		    {"dict", "reason"}},
	 .advice = "Alert when it rises: the section Losses has what to do about each reason.",
	 OF_A_DICT,
	 AT_ARRAY(struct writer_stats, lost, lost_name)},
	{.metric = {"dovetap_dict_store_latency_seconds",
		    "From a login to when the dict had stored its record, by the wall clock; what "
		    "`min_interval` held back, and outages, are in it.",
		    METRIC_HISTOGRAM,
		    {"dict"}},
	 .advice = "For information: the time after which a look-up finds a login.",
	 OF_A_DICT,
	 W(stored_after)},
	{.metric =
		 {"dovetap_dict_last_success_timestamp_seconds",
		  "When the dict last took records, or had newer ones, in seconds since 1970; not "
		  "there before the first time.",
		  METRIC_GAUGE,
		  {"dict"}},
	 .advice = "For information: on a quiet server it may be long ago. Records that wait since "
		   "then are in `dovetap_dict_oldest_waiting_seconds`.",
	 OF_A_DICT,
	 .only_nonzero = true,
	 W_NS(written_ns)},
	{.metric = {"dovetap_dict_oldest_waiting_seconds",
		    "How long ago the login was whose record waits longest, in memory or in the "
		    "spool; 0: none waits. What `min_interval` holds back does not count.",
		    METRIC_GAUGE,
		    {"dict"}},
	 .advice = "Alert when it is above the longest outage that is planned for: the store does "
		   "not have logins that are so old.",
	 OF_A_DICT,
	 W_NS(oldest_age_ns)},
	{.metric = {"dovetap_dict_batches_total",
		    "Writes of a batch of records.",
		    METRIC_COUNTER,
		    {"dict"}},
	 .advice = "For information.",
	 OF_A_DICT,
	 W(batches)},
	{.metric = {"dovetap_dict_batches_failed_total",
		    "Of these, those that the store as a whole did not answer.",
		    METRIC_COUNTER,
		    {"dict"}},
	 .advice = "Look at the store when it rises; each batch is tried again.",
	 OF_A_DICT,
	 W(failures)},
	{.metric = {"dovetap_dict_pending_records",
		    "Records that wait in memory.",
		    METRIC_GAUGE,
		    {"dict"}},
	 .advice = "Alert when it does not fall for minutes: neither the store nor the spool "
		   "takes records.",
	 OF_A_DICT,
	 W(pending)},
	{.metric = {"dovetap_dict_pending_bytes",
		    "Memory of the records that wait there.",
		    METRIC_GAUGE,
		    {"dict"}},
	 .advice = "At 64 MiB records are lost: mend the spool's disk or the store before.",
	 OF_A_DICT,
	 W(pending_bytes)},
	{.metric = {"dovetap_dict_spooled_records",
		    "Records that wait in the spool.",
		    METRIC_GAUGE,
		    {"dict"}},
	 .advice = "Falls by itself once the store answers. While it grows, watch the disk of "
		   "`spool_dir`.",
	 OF_A_DICT,
	 W(spooled)},
	{.metric = {"dovetap_dict_spool_records_total",
		    "Records by their way into and out of the spool.",
		    METRIC_COUNTER,
		    {"dict", "way"}},
	 .advice = "For information. `found` were there at the start, `external` were removed by "
		   "`dovetap spool`.",
	 OF_A_DICT,
	 .parts = ways},
	{.metric = {"dovetap_dict_spool_errors_total",
		    "Calls of the spool that failed, and files of it that were moved aside.",
		    METRIC_COUNTER,
		    {"dict", "kind"}},
	 .advice = "Look at the log and at the disk of `spool_dir`. `damaged`: the file is kept "
		   "beside the new one.",
	 OF_A_DICT,
	 .parts = failures},
	{.metric = {"dovetap_dict_held_records",
		    "Records that wait for the end of their `min_interval`.",
		    METRIC_GAUGE,
		    {"dict"}},
	 .advice = "For information; `dovetap spool drain` writes them now.",
	 OF_A_DICT,
	 W(held)},
	{.metric = {"dovetap_logins_coalesced_total",
		    "Logins not written because a newer one of their `min_interval` was.",
		    METRIC_COUNTER,
		    {"dict"}},
	 .advice = "For information: what `min_interval` saves the store.",
	 OF_A_DICT,
	 W(coalesced)},
	{.metric = {"dovetap_dict_expired_total",
		    "Records removed from the dict because they were older than `expire_after`.",
		    METRIC_COUNTER,
		    {"dict"}},
	 .advice = "For information.",
	 OF_A_DICT,
	 W(expired)},
};

const struct metric_table metrics_dicts_table = METRIC_TABLE("Dicts", rows);

/* One row at a time, because the samples of a metric must follow each other. */
void metrics_collect_dicts(const struct metrics_source *source, struct metrics *metrics)
{
	const struct plan *plan = source->targets->plan;

	for (size_t row = 0; row < metrics_dicts_table.count; row++) {
		for (size_t i = 0; i < plan_dict_count(plan); i++) {
			struct writer_stats stats;

			writer_stats(source->targets->writers[i], &stats);
			metric_row_collect(&rows[row], &stats, plan_dict_id(plan, i), metrics);
		}
	}
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
