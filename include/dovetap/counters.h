/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Every reason for which a probe hit does not become a record, and the count of those that do.
 * Numbers are appended, never reused.
 */
#ifndef DOVETAP_COUNTERS_H
#define DOVETAP_COUNTERS_H

/* X(ENUM, "reason", 1 if a login may be lost by it) */
#define DOVETAP_BPF_COUNTERS(X)                                                                    \
	X(MAIL_USER_EMITTED, "mail_user_emitted", 0) /* record submitted */                        \
	X(AUTH_EMITTED, "auth_emitted", 0)                                                         \
	X(PROXY_EMITTED, "proxy_emitted", 0)                                                       \
	X(RING_FULL, "ring_full", 1)		   /* no room: the login is lost */                \
	X(AUTOCREATED, "autocreated", 0)	   /* raw or shared-mailbox user */                \
	X(SESSION_RESTORED, "session_restored", 0) /* un-hibernated, not a login */                \
	X(INTERNAL_TOKEN, "internal_token", 0)	   /* mechanism DOVECOT-TOKEN */                   \
	X(NO_HANDLER, "no_handler", 0)		   /* auth lookup without a client */              \
	X(NO_OBJECT, "no_object", 1)		   /* NULL argument */                             \
	X(NO_USERNAME, "no_username", 1)	   /* the name could not be read */                \
	X(FIELD_UNREADABLE, "field_unreadable", 0) /* emitted with a field missing */              \
	X(FIELD_TRUNCATED, "field_truncated", 0)   /* emitted with a text cut and marked */        \
	X(LONG_RECORD, "long_record", 0)	   /* emitted in the long size */                  \
	X(USER_ERROR, "user_error", 0)		   /* fallback: user that failed to initialise */  \
	X(NOT_SUCCESSFUL, "not_successful", 0)	   /* fallback: hit without success */             \
	X(NO_SESSION_ID, "no_session_id", 1)	   /* proxied login that cannot be joined */

enum dovetap_counter {
#define DOVETAP_X(id, name, lost) DOVETAP_COUNT_##id,
	DOVETAP_BPF_COUNTERS(DOVETAP_X)
#undef DOVETAP_X
		DOVETAP_COUNTER_COUNT
};

#endif
