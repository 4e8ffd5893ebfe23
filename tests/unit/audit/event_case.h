/* SPDX-License-Identifier: MIT */
/* One event with something in every field. */
#ifndef DOVETAP_TEST_EVENT_CASE_H
#define DOVETAP_TEST_EVENT_CASE_H

#include <arpa/inet.h>

#include "login/event.h"

static inline void event_case_text(struct login_event *event, unsigned int field, const char *text)
{
	event->login.text[field] = slice_str(text);
	event->login.present |= DOVETAP_BIT(field);
}

static inline struct login_event event_case(void)
{
	struct login_event event = {.kind = LOGIN_EVENT_LOGIN,
				    .outcome = LOGIN_OUTCOME_OK,
				    .joined = true,
				    .auth_ns = 1234567,
				    .login = {.type = DOVETAP_EVENT_MAIL_USER,
					      .time_ns = 1795338302123456789,
					      .flags = DOVETAP_FLAG_SECURED,
					      .remote_port = 50001,
					      .local_port = 993,
					      .pid = 77,
					      .uid = 5000,
					      .process = {.exe = "imap"}}};

	event_case_text(&event, DOVETAP_FIELD_USERNAME, "u@example.com");
	event_case_text(&event, DOVETAP_FIELD_AUTH_USER, "U@Example.com");
	event_case_text(&event, DOVETAP_FIELD_MASTER_USER, "admin");
	event_case_text(&event, DOVETAP_FIELD_SERVICE, "imap");
	event_case_text(&event, DOVETAP_FIELD_SESSION_ID, "s1/AAAB");
	event_case_text(&event, DOVETAP_FIELD_MECH, "PLAIN");
	event.login.remote_ip.family = event.login.local_ip.family = AF_INET;
	inet_pton(AF_INET, "192.0.2.99", event.login.remote_ip.bytes);
	inet_pton(AF_INET, "198.51.100.1", event.login.local_ip.bytes);
	return event;
}

#endif
