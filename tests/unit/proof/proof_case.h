/* SPDX-License-Identifier: MIT */
/* The two records of one good login, for tests to spoil. */
#ifndef DOVETAP_TEST_PROOF_CASE_H
#define DOVETAP_TEST_PROOF_CASE_H

#include <stdio.h>
#include <sys/socket.h>

#include "../cmocka_all.h"
#include "login/login.h"
#include "proof/member.h"

#define USER_FILE 0x11
#define AUTH_FILE 0x22
#define SECOND	  (1000LL * 1000000LL)

static inline void set(struct login *login, unsigned int field, const char *text)
{
	login->text[field] = slice_str(text);
	login->present &= ~DOVETAP_BIT(field);
	if (text)
		login->present |= DOVETAP_BIT(field);
}

static inline struct login record(enum dovetap_event_type type, const char *user,
				  const char *session)
{
	struct login login = {
		.type = type,
		.boot_ns = 1000,
		.remote_ip = {AF_INET, {192, 0, 2, 7}},
		.local_ip = {AF_INET, {10, 0, 0, 1}},
		.remote_port = 4711,
		.local_port = 143,
		.file = type == DOVETAP_EVENT_AUTH ? AUTH_FILE : USER_FILE,
		.comm = slice_str(type == DOVETAP_EVENT_AUTH ? "auth" : "imap"),
	};

	set(&login, DOVETAP_FIELD_USERNAME, user);
	set(&login, DOVETAP_FIELD_SESSION_ID, session);
	set(&login, DOVETAP_FIELD_SERVICE, "imap");
	set(&login, DOVETAP_FIELD_MECH, "PLAIN");
	return login;
}

static inline struct login user_record(const char *user, const char *session)
{
	return record(DOVETAP_EVENT_MAIL_USER, user, session);
}

static inline struct login auth_record(const char *user, const char *session)
{
	struct login login = record(DOVETAP_EVENT_AUTH, user, session);

	set(&login, DOVETAP_FIELD_AUTH_USER, user);
	login.real_remote_ip = login.remote_ip;
	login.real_local_ip = login.local_ip;
	login.real_remote_port = login.remote_port;
	login.real_local_port = login.local_port;
	login.flags = DOVETAP_FLAG_SUCCESSFUL;
	login.passdb_result = 1;
	return login;
}

static inline struct login failure_record(const char *user, const char *session)
{
	struct login login = auth_record(user, session);

	login.flags = 0;
	login.passdb_result = 0;
	return login;
}

/* A delivery: nobody has authenticated. */
static inline struct login delivery_record(const char *user)
{
	struct login login = user_record(user, "kJ5v0aQpS2cXAAAA");

	login.comm = slice_str("lmtp");
	set(&login, DOVETAP_FIELD_SERVICE, "lmtp");
	set(&login, DOVETAP_FIELD_MECH, NULL);
	return login;
}

#endif
