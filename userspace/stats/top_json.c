/* SPDX-License-Identifier: MIT */
/* "dovetap top" as JSON. */
#include "base/clock.h"
#include "base/json.h"
#include "stats/top.h"

#define ALL    64
#define MINUTE 60

static void add_rates(struct top *top, struct buf *out)
{
	int64_t now = clock_monotonic_ns();

	json_name(out, "events");
	buf_append_char(out, '{');
	for (unsigned int kind = 0; kind < LOGIN_EVENT_KINDS; kind++) {
		json_name(out, login_event_kind_name(kind));
		buf_append_char(out, '{');
		json_number(out, "total", (int64_t)top->rates.totals[kind]);
		json_name(out, "per_second_1s");
		buf_appendf(out, "%g", rates_per_second(&top->rates, kind, now, 1));
		json_name(out, "per_second_60s");
		buf_appendf(out, "%g", rates_per_second(&top->rates, kind, now, MINUTE));
		buf_append_char(out, '}');
	}
	buf_append_char(out, '}');
}

static void add_latest(struct buf *out, const struct latest_event *event)
{
	char ip[LOGIN_IP_TEXT_MAX];

	buf_append_char(out, '{');
	json_time(out, "time", event->time_ns);
	json_text(out, "event", slice_str(login_event_kind_name(event->kind)));
	if (event->service_len > 0)
		json_text(out, "service", (struct slice){event->service, event->service_len});
	if (event->user_len > 0)
		json_text(out, "user", (struct slice){event->user, event->user_len});
	if (login_ip_text(&event->remote_ip, ip) > 0)
		json_text(out, "remote_ip", slice_str(ip));
	if (event->outcome != LOGIN_OUTCOME_UNKNOWN)
		json_text(out, "outcome", slice_str(login_outcome_name(event->outcome)));
	buf_append_char(out, '}');
}

int top_logins_json(struct top *top, struct buf *out)
{
	const struct latest_event *event;

	buf_append_char(out, '{');
	json_time(out, "time", clock_wall_ns());
	add_rates(top, out);
	json_name(out, "latest");
	buf_append_char(out, '[');
	for (size_t i = 0; (event = latest_get(&top->latest, i)); i++) {
		if (i > 0)
			buf_append_char(out, ',');
		add_latest(out, event);
	}
	return buf_append_str(out, "]}\n");
}

static void add_items(struct buf *out, const char *word, const struct failures_top *list)
{
	buf_append_char(out, '[');
	for (int i = 0; i < list->count; i++) {
		const struct space_saving_item *item = &list->items[i];

		buf_append_str(out, i > 0 ? ",{" : "{");
		json_text(out, word, item->key);
		json_number(out, "at_least", (int64_t)(item->count - item->error));
		json_number(out, "at_most", (int64_t)item->count);
		buf_append_char(out, '}');
	}
	buf_append_char(out, ']');
}

static void add_list(struct top *top, enum failures_by by, const char *name, const char *word,
		     struct buf *out)
{
	struct failures_top list;

	failures_top(top->failures, by, clock_wall_ns(), ALL, &list);
	json_name(out, name);
	buf_append_char(out, '{');
	json_number(out, "total", (int64_t)list.total);
	if (list.since_ns > 0)
		json_time(out, "since", list.since_ns);
	json_number(out, "others_at_most", (int64_t)list.others);
	json_name(out, "top");
	add_items(out, word, &list);
	buf_append_char(out, '}');
}

static void add_services(const struct failures *failures, struct buf *out)
{
	const char *service, *comma = "";

	json_name(out, "by_service");
	buf_append_char(out, '[');
	for (size_t i = 0; (service = failures_service(failures, i)); i++) {
		for (unsigned int outcome = 0; outcome < LOGIN_OUTCOME_COUNT; outcome++) {
			uint64_t count = failures_count(failures, i, outcome);

			if (count == 0)
				continue;
			buf_appendf(out, "%s{", comma);
			json_text(out, "service", slice_str(service));
			json_text(out, "outcome", slice_str(login_outcome_name(outcome)));
			json_number(out, "count", (int64_t)count);
			buf_append_char(out, '}');
			comma = ",";
		}
	}
	buf_append_char(out, ']');
}

int top_failures_json(struct top *top, struct buf *out)
{
	buf_append_char(out, '{');
	json_time(out, "time", clock_wall_ns());
	add_list(top, FAILURES_BY_USER, "by_user", "user", out);
	add_list(top, FAILURES_BY_NETWORK, "by_network", "network", out);
	add_services(top->failures, out);
	return buf_append_str(out, "}\n");
}
