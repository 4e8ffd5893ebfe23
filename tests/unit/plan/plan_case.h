/* SPDX-License-Identifier: MIT */
/* A plan from the text of a dovetap.conf, and events to ask it about. */
#ifndef DOVETAP_PLAN_CASE_H
#define DOVETAP_PLAN_CASE_H

#include <stdlib.h>
#include <sys/socket.h>

#include "../conf/folder.h"
#include "plan/plan.h"

static inline int plan_try(const char *text, struct plan **plan_r, struct error *error_r)
{
	const struct config_options options = {.path = "t.conf", .doveconf = ""};

	write_file("t.conf", text, 0600);
	return plan_new(&options, plan_r, error_r);
}

static inline struct plan *plan_of(const char *text)
{
	struct plan *plan = NULL;
	struct error error = {0};

	if (plan_try(text, &plan, &error) < 0)
		fail_msg("%s", error.text);
	return plan;
}

/* The text of the error begins with expected. */
static inline void plan_fails(const char *text, const char *expected)
{
	struct plan *plan = NULL;
	struct error error = {0};

	assert_int_equal(plan_try(text, &plan, &error), -EINVAL);
	assert_null(plan);
	if (strncmp(error.text, expected, strlen(expected)) != 0)
		fail_msg("'%s' does not begin with '%s'", error.text, expected);
}

static inline void set_text(struct login_event *event, unsigned int field, const char *text)
{
	event->login.text[field] = slice_str(text);
	event->login.present |= DOVETAP_BIT(field);
}

static inline struct login_event event_of(enum login_event_kind kind, const char *service)
{
	struct login_event event = {.kind = kind, .login.type = DOVETAP_EVENT_MAIL_USER};

	event.login.remote_ip = (struct login_ip){AF_INET, {192, 0, 2, 7}};
	set_text(&event, DOVETAP_FIELD_USERNAME, "u@example.com");
	set_text(&event, DOVETAP_FIELD_SERVICE, service);
	set_text(&event, DOVETAP_FIELD_PROTOCOL, service);
	return event;
}

/* The key of the route for that event. */
static inline void expect_key(const struct plan *plan, int route, const struct login_event *event,
			      const char *expected)
{
	const struct template_host host = plan_host(plan);
	struct error error = {0};
	struct buf out;

	assert_in_range(route, 0, plan_route_count(plan) - 1);
	buf_init(&out, 1000);
	if (template_expand(plan_route(plan, (size_t)route)->key, &event->login, &host, &out, NULL,
			    0, NULL, &error) < 0)
		fail_msg("%s", error.text);
	assert_string_equal(buf_str(&out), expected);
	buf_release(&out);
}

#endif
