/* SPDX-License-Identifier: MIT */
#include "stats/top.h"

#include <inttypes.h>
#include <time.h>

#include "base/clock.h"
#include "base/escape.h"

#define MINUTE 60

int top_init(struct top *top, struct error *error_r)
{
	*top = (struct top){.failures = NULL};
	return failures_new(&top->failures, error_r);
}

void top_release(struct top *top)
{
	failures_free(&top->failures);
}

void top_note(struct top *top, const struct login_event *event)
{
	rates_note(&top->rates, event->kind, clock_monotonic_ns());
	latest_note(&top->latest, event);
	failures_note(top->failures, event);
}

void top_forget(struct top *top, struct slice user)
{
	latest_forget(&top->latest, user);
	failures_forget(top->failures, user);
}

/* --- logins -------------------------------------------------------------------------------- */

static void add_clock(struct buf *out, int64_t time_ns)
{
	time_t seconds = (time_t)(time_ns / NS_PER_SEC);
	char text[32] = "-";
	struct tm tm;

	if (localtime_r(&seconds, &tm))
		(void)strftime(text, sizeof(text), "%H:%M:%S", &tm);
	buf_append_str(out, text);
}

static void add_rates(struct top *top, struct buf *out)
{
	int64_t now = clock_monotonic_ns();

	buf_appendf(out, "%-10s %12s %12s %12s\n", "EVENTS", "/S (1 S)", "/S (1 MIN)", "TOTAL");
	for (unsigned int kind = 0; kind < LOGIN_EVENT_KINDS; kind++)
		buf_appendf(out, "%-10s %12.1f %12.1f %12" PRIu64 "\n", login_event_kind_name(kind),
			    rates_per_second(&top->rates, kind, now, 1),
			    rates_per_second(&top->rates, kind, now, MINUTE),
			    top->rates.totals[kind]);
}

static void add_padded(struct buf *out, struct slice text, size_t width)
{
	size_t start = out->len;

	escape_terminal(out, text.len > 0 ? text : slice_str("-"));
	while (out->len - start < width && !out->failed)
		buf_append_char(out, ' ');
	buf_append_char(out, ' ');
}

static void add_latest(struct buf *out, const struct latest_event *event)
{
	char ip[LOGIN_IP_TEXT_MAX];

	add_clock(out, event->time_ns);
	buf_appendf(out, " %-8s", login_event_kind_name(event->kind));
	add_padded(out, (struct slice){event->service, event->service_len}, 10);
	add_padded(out, (struct slice){ip, login_ip_text(&event->remote_ip, ip)}, 15);
	buf_appendf(out, "%-18s",
		    event->outcome == LOGIN_OUTCOME_UNKNOWN ? "-"
							    : login_outcome_name(event->outcome));
	escape_terminal(out, event->user_len > 0 ? (struct slice){event->user, event->user_len}
						 : slice_str("-"));
	buf_append_char(out, '\n');
}

int top_logins_text(struct top *top, struct buf *out)
{
	const struct latest_event *event;

	add_rates(top, out);
	buf_appendf(out, "\n%-8s %-8s%-10s %-15s %-18s%s\n", "TIME", "EVENT", "SERVICE",
		    "REMOTE IP", "OUTCOME", "USER");
	for (size_t i = 0; (event = latest_get(&top->latest, i)); i++)
		add_latest(out, event);
	return out->failed;
}

/* --- failures ------------------------------------------------------------------------------ */

static const struct {
	const char *title;
	int max;
} lists[FAILURES_BY_COUNT] = {
	[FAILURES_BY_USER] = {"USER", 20},
	[FAILURES_BY_NETWORK] = {"NETWORK", 20},
};

static void add_list(struct top *top, enum failures_by by, struct buf *out)
{
	struct failures_top list;

	failures_top(top->failures, by, clock_wall_ns(), lists[by].max, &list);
	buf_appendf(out, "\n%10s %10s  %s\n", "AT LEAST", "AT MOST", lists[by].title);
	for (int i = 0; i < list.count; i++) {
		const struct space_saving_item *item = &list.items[i];

		buf_appendf(out, "%10" PRIu64 " %10" PRIu64 "  ", item->count - item->error,
			    item->count);
		escape_terminal(out, item->key.len > 0 ? item->key : slice_str("-"));
		buf_append_char(out, '\n');
	}
	buf_appendf(out, "%10s %10" PRIu64 "  each of all others\n", "", list.others);
}

static void add_services(const struct failures *failures, struct buf *out)
{
	const char *service;

	buf_appendf(out, "\n%21s  %-12s%s\n", "SINCE THE START", "SERVICE", "OUTCOME");
	for (size_t i = 0; (service = failures_service(failures, i)); i++) {
		for (unsigned int outcome = 0; outcome < LOGIN_OUTCOME_COUNT; outcome++) {
			uint64_t count = failures_count(failures, i, outcome);

			if (count > 0)
				buf_appendf(out, "%21" PRIu64 "  %-12s%s\n", count, service,
					    login_outcome_name(outcome));
		}
	}
}

int top_failures_text(struct top *top, struct buf *out)
{
	struct failures_top list;

	failures_top(top->failures, FAILURES_BY_USER, clock_wall_ns(), 0, &list);
	buf_appendf(out, "%" PRIu64 " failures since ", list.total);
	add_clock(out, list.since_ns > 0 ? list.since_ns : clock_wall_ns());
	buf_append_char(out, '\n');
	for (unsigned int by = 0; by < FAILURES_BY_COUNT; by++)
		add_list(top, by, out);
	add_services(top->failures, out);
	return out->failed;
}
