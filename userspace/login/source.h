/* SPDX-License-Identifier: MIT */
/*
 * last_login_source: which event is the last-login of a service.
 *
 *	mail_user	the mailbox is ready
 *	auth		authentication succeeded; what follows may still fail
 *	proxy		the backend accepted the login
 *	any		the final event of each login: mail_user or proxy where one of them follows,
 *			auth where nothing can (SASL clients such as Postfix)
 */
#ifndef DOVETAP_LOGIN_SOURCE_H
#define DOVETAP_LOGIN_SOURCE_H

#include "conf/last_login/last_login.h"
#include "login/event.h"

bool login_source_takes(enum last_login_source source, const struct login_event *event);

#endif
