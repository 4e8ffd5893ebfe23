/* SPDX-License-Identifier: MIT */
/*
 * A login event: the record of one role, completed from the records of the same session that came
 * before it (login/join.h).
 *
 *	login	  a mail user exists: the mailbox is ready	mail_user, completed from auth
 *	auth	  authentication accepted the client		auth
 *	failure	  authentication refused the client		auth
 *	proxy	  the login to another server is established	proxy, everything else from auth
 *
 * An event is valid while its observer is called; who keeps something of it copies it.
 */
#ifndef DOVETAP_LOGIN_EVENT_H
#define DOVETAP_LOGIN_EVENT_H

#include "login/login.h"
#include "login/outcome.h"

enum login_event_kind {
	LOGIN_EVENT_LOGIN,
	LOGIN_EVENT_AUTH,
	LOGIN_EVENT_FAILURE,
	LOGIN_EVENT_PROXY,
	LOGIN_EVENT_KINDS
};

/* "login", "auth", "failure", "proxy". */
const char *login_event_kind_name(enum login_event_kind kind);

struct enrichment;
struct geo_place;

struct login_event {
	enum login_event_kind kind;

	/*
	 * login.type is the role that recorded it. remote_ip is the client, as trusted proxies name
	 * it; real_remote_ip is the peer of the connection. username is the mailbox's, auth_user
	 * the name that the client gave, master_user who logged in as somebody else.
	 */
	struct login login;
	const struct login *record, *auth; /* as they were; auth is NULL without one */
	enum login_outcome outcome; /* of the authentication; LOGIN_OUTCOME_UNKNOWN without it */
	bool joined;		    /* a partner of the same session was found */
	int64_t auth_ns;	    /* from the end of authentication to this moment; -1 unknown */

	/* Where the process runs, NULL when nobody asked for it (login/enrich.h). */
	const struct enrichment *where;
	/* Where the client is, NULL when nobody asked for it (login/geo.h). */
	const struct geo_place *geo;
};

/* The event of a mail_user or proxy record; auth is its authentication, or NULL. Texts and records
 * stay where they are. */
struct login_event login_event_make(const struct login *record, const struct login *auth);

/* That of an auth record: AUTH or FAILURE. */
struct login_event login_event_of_auth(const struct login *auth);

/* The event of any record. */
struct login_event login_event_of(const struct login *record, const struct login *auth);

/* The service in all releases and roles: "imap", "smtp"; authentication calls managesieve "sieve",
 * and 2.4 calls the service of an authentication its protocol. */
struct slice login_event_service(const struct login_event *event);

#endif
