/* SPDX-License-Identifier: MIT */
#include "login/source.h"

/* A client of the auth socket that is no login process: no mailbox and no backend follows. */
static bool is_sasl_only(const struct login_event *event)
{
	return (event->login.flags & DOVETAP_FLAG_AUTH_ONLY) != 0;
}

bool login_source_takes(enum last_login_source source, const struct login_event *event)
{
	switch (event->kind) {
	case LOGIN_EVENT_LOGIN:
		return source == LAST_LOGIN_MAIL_USER || source == LAST_LOGIN_ANY;
	case LOGIN_EVENT_PROXY:
		return source == LAST_LOGIN_PROXY || source == LAST_LOGIN_ANY;
	case LOGIN_EVENT_AUTH:
		return source == LAST_LOGIN_AUTH ||
		       (source == LAST_LOGIN_ANY && is_sasl_only(event));
	default:
		return false;
	}
}
