/* SPDX-License-Identifier: MIT */
#include "login/failures.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>

#include "login/ip_mask.h"

#define NAME_SIZE 24
#define TOP_MAX	  64

/* Reserved counters for services that every mail server has. */
static const char *const known[] = {"imap", "pop3", "submission", "sieve",
				    "smtp", "lmtp", "doveadm"};

static const struct ip_mask network_mask = {24, 48};

struct service {
	char name[NAME_SIZE];
	uint64_t counts[LOGIN_OUTCOME_COUNT];
};

struct window {
	struct space_saving *sketches[FAILURES_BY_COUNT];
	int64_t start_ns; /* 0: nothing in it */
};

struct failures {
	struct service services[FAILURES_SERVICES];
	size_t service_count; /* without the last */
	struct window now, before;
};

static int open_window(struct window *window, struct error *error_r)
{
	int ret = 0;

	for (unsigned int i = 0; i < FAILURES_BY_COUNT && ret == 0; i++)
		ret = space_saving_new(FAILURES_COUNTERS, &window->sketches[i], error_r);
	return ret;
}

static void close_window(struct window *window)
{
	for (unsigned int i = 0; i < FAILURES_BY_COUNT; i++)
		space_saving_free(&window->sketches[i]);
}

static void add_service(struct failures *failures, struct slice name)
{
	struct service *service = &failures->services[failures->service_count++];

	(void)snprintf(service->name, sizeof(service->name), "%.*s", (int)name.len, name.ptr);
}

int failures_new(struct failures **failures_r, struct error *error_r)
{
	struct failures *failures = calloc(1, sizeof(*failures));
	int ret;

	if (!failures)
		return error_set(error_r, ENOMEM, "out of memory for the failures");
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		add_service(failures, slice_str(known[i]));
	(void)snprintf(failures->services[FAILURES_SERVICES - 1].name, NAME_SIZE, "other");
	ret = open_window(&failures->now, error_r);
	if (ret == 0)
		ret = open_window(&failures->before, error_r);
	if (ret < 0)
		failures_free(&failures);
	else
		*failures_r = failures;
	return ret;
}

void failures_free(struct failures **failures)
{
	if (!*failures)
		return;
	close_window(&(*failures)->now);
	close_window(&(*failures)->before);
	free(*failures);
	*failures = NULL;
}

/* --- by service ---------------------------------------------------------------------------- */

/* A name becomes a label: what it is comes from whoever may talk to Dovecot's sockets. */
static bool is_name(struct slice name)
{
	for (size_t i = 0; i < name.len; i++) {
		if (!isalnum((unsigned char)name.ptr[i]) && !strchr("-_.", name.ptr[i]))
			return false;
	}
	return name.len > 0 && name.len < NAME_SIZE;
}

static struct service *find_service(struct failures *failures, struct slice name)
{
	for (size_t i = 0; i < failures->service_count; i++) {
		if (slice_is(name, failures->services[i].name))
			return &failures->services[i];
	}
	if (!is_name(name) || failures->service_count == FAILURES_SERVICES - 1)
		return &failures->services[FAILURES_SERVICES - 1];
	add_service(failures, name);
	return &failures->services[failures->service_count - 1];
}

static size_t place_of(const struct failures *failures, size_t index)
{
	return index == failures->service_count ? FAILURES_SERVICES - 1 : index;
}

const char *failures_service(const struct failures *failures, size_t index)
{
	return index > failures->service_count ? NULL
					       : failures->services[place_of(failures, index)].name;
}

uint64_t failures_count(const struct failures *failures, size_t index, enum login_outcome outcome)
{
	return failures->services[place_of(failures, index)].counts[outcome];
}

/* --- by user and network ------------------------------------------------------------------- */

static void reset(struct window *window)
{
	for (unsigned int i = 0; i < FAILURES_BY_COUNT; i++)
		space_saving_reset(window->sketches[i]);
	window->start_ns = 0;
}

static void turn(struct failures *failures, int64_t now_ns)
{
	struct window old = failures->before;

	if (failures->now.start_ns == 0 || now_ns - failures->now.start_ns < FAILURES_WINDOW_NS)
		return;
	failures->before = failures->now;
	failures->now = old;
	reset(&failures->now);
	if (now_ns - failures->before.start_ns >= 2 * FAILURES_WINDOW_NS)
		reset(&failures->before);
}

static struct slice user_of(const struct login_event *event)
{
	const struct slice *text = event->login.text;

	return text[DOVETAP_FIELD_USERNAME].len > 0 ? text[DOVETAP_FIELD_USERNAME]
						    : text[DOVETAP_FIELD_AUTH_USER];
}

static void add(struct window *window, const struct login_event *event)
{
	char text[IP_NETWORK_TEXT_MAX];
	struct slice network = {text,
				ip_network_text(&network_mask, &event->login.remote_ip, text)};

	if (window->start_ns == 0)
		window->start_ns = event->login.time_ns;
	space_saving_add(window->sketches[FAILURES_BY_USER], user_of(event));
	space_saving_add(window->sketches[FAILURES_BY_NETWORK], network);
}

void failures_note(struct failures *failures, const struct login_event *event)
{
	if (event->kind != LOGIN_EVENT_FAILURE)
		return;
	find_service(failures, login_event_service(event))->counts[event->outcome]++;
	if (event->outcome == LOGIN_OUTCOME_INTERNAL_FAILURE)
		return;
	turn(failures, event->login.time_ns);
	add(&failures->now, event);
}

void failures_forget(struct failures *failures, struct slice user)
{
	space_saving_forget(failures->now.sketches[FAILURES_BY_USER], user);
	space_saving_forget(failures->before.sketches[FAILURES_BY_USER], user);
}

void failures_top(struct failures *failures, enum failures_by by, int64_t now_ns, int max,
		  struct failures_top *top_r)
{
	const struct space_saving *now, *before;
	struct space_saving_item items[TOP_MAX + 1];

	turn(failures, now_ns);
	now = failures->now.sketches[by];
	before = failures->before.sketches[by];
	top_r->total = space_saving_total(now) + space_saving_total(before);
	top_r->others = space_saving_bound(now) + space_saving_bound(before);
	top_r->since_ns =
		failures->before.start_ns ? failures->before.start_ns : failures->now.start_ns;
	top_r->count = space_saving_top(now, before, items, (size_t)max + 1);
	if (top_r->count > max) {
		top_r->others = items[max].count;
		top_r->count = max;
	}
	if (top_r->count > 0)
		memcpy(top_r->items, items, (size_t)top_r->count * sizeof(items[0]));
}
