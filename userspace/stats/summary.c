/* SPDX-License-Identifier: MIT */
#include "stats/summary.h"

#include <inttypes.h>

#include "base/clock.h"
#include "base/escape.h"
#include "stats/losses.h"
#include "stats/metrics_private.h"

#define MIB (1024.0 * 1024.0)

static void line(struct buf *out, unsigned int indent, const char *what, uint64_t value)
{
	buf_appendf(out, "%*s%-*s %12" PRIu64 "\n", (int)indent, "", 40 - (int)indent, what, value);
}

/* What is rarely there is printed only when it is. */
static void line_if(struct buf *out, unsigned int indent, const char *what, uint64_t value)
{
	if (value > 0)
		line(out, indent, what, value);
}

static void print_losses(struct buf *out, enum loss_from from, const void *base)
{
	for (const struct loss_row *row = losses_rows(); row->stage; row++) {
		uint64_t count = row->from == from ? loss_count(row, base) : 0;

		if (count > 0)
			buf_appendf(out, "  LOST %-33s %12" PRIu64 "\n", row->reason, count);
	}
}

static void append_age(struct buf *out, int64_t ns)
{
	int64_t seconds = ns / NS_PER_SEC;

	if (seconds >= 2L * 86400)
		buf_appendf(out, "%" PRId64 " days", seconds / 86400);
	else if (seconds >= 2L * 3600)
		buf_appendf(out, "%" PRId64 " hours", seconds / 3600);
	else if (seconds >= 2L * 60)
		buf_appendf(out, "%" PRId64 " minutes", seconds / 60);
	else
		buf_appendf(out, "%" PRId64 " seconds", seconds);
}

static void report_refused(const struct metrics_probes *probes, struct buf *out)
{
	buf_appendf(out, "%u file%s of Dovecot cannot be watched; the last: ", probes->refused,
		    probes->refused == 1 ? "" : "s");
	(void)escape_terminal(out, slice_str(probes->last_refused));
	buf_append_str(out, "\n");
}

static void print_state(const struct metrics_source *source, struct buf *out)
{
	struct source_level level;

	buf_append_str(out, "dovetap " DOVETAP_VERSION ", collecting for ");
	append_age(out, clock_wall_ns() - source->started_ns);
	buf_appendf(out, ": %u probe%s attached%s\n", source->probes.links,
		    source->probes.links == 1 ? "" : "s",
		    source->probes.initial_scan_done ? "" : ", still searching");
	if (source->probes.refused > 0)
		report_refused(&source->probes, out);
	if (source->probes.stalled > 0)
		buf_appendf(out, "%u place%s not answer the search for Dovecot (see the log)\n",
			    source->probes.stalled, source->probes.stalled == 1 ? " does" : "s do");
	if (source->probes.limited > 0)
		buf_appendf(
			out,
			"%u file%s or directories left out of the search at a limit (see the log)\n",
			source->probes.limited, source->probes.limited == 1 ? "" : "s");
	source->ring->ops->level(source->ring, &level);
	buf_appendf(out, "ring buffer: %.1f of %.1f MiB in use%s\n\n", (double)level.used / MIB,
		    (double)level.size / MIB,
		    source->probes.inherited ? ", taken over from before" : "");
}

static void print_kernel(const struct counters *counters, struct buf *out)
{
	struct kernel_numbers numbers;

	metrics_kernel_numbers(counters, &numbers);
	line(out, 0, "seen by the probes", numbers.seen);
	for (unsigned int i = 0; i < DOVETAP_COUNTER_COUNT; i++) {
		if (counter_use(i) == DOVETAP_COUNTS_NO_LOGIN)
			line_if(out, 2, counter_name(i), numbers.counts[i]);
	}
	line_if(out, 2, "what only a newer version can name",
		counters_unknown(counters, DOVETAP_COUNTS_NO_LOGIN));
	print_losses(out, LOSS_FROM_KERNEL, &numbers);
}

static void print_filter(const struct pipeline_stats *stats, struct buf *out)
{
	for (unsigned int i = 0; i < FILTER_RESULT_COUNT; i++) {
		if (i != FILTER_PASS && !is_loss("filter", filter_result_name(i)))
			line_if(out, 2, filter_result_name(i),
				stats->filtered[i] + stats->others[i]);
	}
}

static void print_judged(const struct pipeline_stats *stats, struct buf *out)
{
	line_if(out, 2, "not verified, and recorded", stats->judged[ORIGIN_UNVERIFIED]);
	for (unsigned int i = 0; i < ORIGIN_VERDICT_COUNT; i++) {
		if (origin_is_refused(i) && stats->judged[i] > 0)
			buf_appendf(out, "  NOT BELIEVED %-25s %12" PRIu64 "\n",
				    origin_verdict_name(i), stats->judged[i]);
	}
}

static void print_deliver(const struct deliver_stats *stats, struct buf *out)
{
	line_if(out, 2, "logins that are not recorded", stats->unrouted);
	line(out, 2, "logins that are recorded", stats->logins);
	line_if(out, 2, "authentications that are recorded", stats->due[DELIVER_AUTH]);
	line_if(out, 2, "failures that are recorded", stats->due[DELIVER_FAILURE]);
	line_if(out, 2, "rows of the history",
		stats->due[DELIVER_HISTORY] + stats->due[DELIVER_FAILURE_HISTORY]);
	print_losses(out, LOSS_FROM_DELIVER, stats);
}

static void print_taken(const struct metrics_source *source, struct buf *out)
{
	const struct pipeline_stats *stats = pipeline_stats(source->pipeline);
	int64_t waiting = ring_account_waiting(source->ring_account, source->counters, stats);

	line_if(out, 0, "from before these accounts", source->ring_account->before);
	line_if(out, 0, "wait in the ring", waiting > 0 ? (uint64_t)waiting : 0);
	line(out, 0, "taken by the collector", stats->events);
	print_judged(stats, out);
	line_if(out, 2, "taken again after one that ended", stats->again);
	line_if(out, 2, "waited for their session when it did", stats->cut_off);
}

static void print_pipeline(const struct pipeline *pipeline, struct buf *out)
{
	const struct pipeline_stats *stats = pipeline_stats(pipeline);

	print_filter(stats, out);
	line_if(out, 2, "wait for the rest of their session", pipeline_waiting(pipeline));
	line_if(out, 2, "wait for the proof of their layout", pipeline_held(pipeline));
	line_if(out, 2, "authentications", stats->kinds[LOGIN_EVENT_AUTH]);
	line_if(out, 2, "failures", stats->kinds[LOGIN_EVENT_FAILURE]);
	line_if(out, 2, "proxied logins", stats->kinds[LOGIN_EVENT_PROXY]);
	print_losses(out, LOSS_FROM_PIPELINE, stats);
	print_deliver(pipeline_delivered(pipeline), out);
}

static void report_error(const char *what, const char *text, struct buf *out)
{
	if (!text[0])
		return;
	buf_appendf(out, "  %s: ", what);
	escape_terminal(out, slice_str(text));
	buf_append_char(out, '\n');
}

static void print_dict(const char *name, const struct writer_stats *stats, struct buf *out)
{
	buf_appendf(out, "\ndict %s: %s\n", name, stats->up ? "takes records" : "DOWN");
	if (!stats->up)
		report_error("because", stats->last_error.text, out);
	line(out, 0, "handed to the dict's writer", stats->submitted);
	line_if(out, 0, "found in the spool", stats->spool_found);
	line(out, 2, "stored", stats->stored);
	line_if(out, 2, "the dict had a newer one", stats->unchanged);
	line_if(out, 2, "a newer one came before it was written", stats->superseded);
	line_if(out, 2, "a newer one of min_interval stands for it", stats->coalesced);
	line_if(out, 2, "taken out of the spool by hand", stats->spool_gone);
	line_if(out, 2, "came again after a collector ended", stats->again);
	line_if(out, 2, "wait in memory", stats->pending);
	line_if(out, 2, "wait in the spool", stats->spooled);
	line_if(out, 2, "held until their min_interval is over", stats->held);
	print_losses(out, LOSS_FROM_WRITER, stats);
	if (stats->lost[WRITER_LOST_REFUSED] > 0)
		report_error("refused because", stats->last_refusal, out);
}

int summary(const struct metrics_source *source, struct buf *out)
{
	const struct plan *plan = source->targets->plan;
	uint64_t lost = metrics_lost(source);
	int64_t difference = metrics_difference(source);

	print_state(source, out);
	print_kernel(source->counters, out);
	print_taken(source, out);
	print_pipeline(source->pipeline, out);
	for (size_t i = 0; i < plan_dict_count(plan); i++) {
		struct writer_stats stats;

		writer_stats(source->targets->writers[i], &stats);
		print_dict(plan_dict_id(plan, i), &stats, out);
	}
	buf_appendf(out, "\n%" PRIu64 " lost, %" PRId64 " unexplained\n", lost, difference);
	return out->failed;
}
