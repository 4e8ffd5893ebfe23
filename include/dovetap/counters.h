/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Every probe hit is counted as seen, and once more by what became of it: a record, or the reason
 * why not. Numbers are appended, never reused.
 *
 * The map is an array of u64 that can be mapped, in blocks of DOVETAP_COUNTER_STRIDE. Block 0 has
 * the number of CPUs in its first element, and then for each enum dovetap_counter_use the counters
 * that have it (a bit for each); block 1 + N has the counters of CPU N. The map outlives the
 * programs: after a roll-back it has counters that the program does not know, but for their use.
 */
#ifndef DOVETAP_COUNTERS_H
#define DOVETAP_COUNTERS_H

#define DOVETAP_COUNTER_STRIDE 32 /* room to append; blocks share no cache line */

enum dovetap_counter_use {
	DOVETAP_COUNTS_RECORD = 0, /* the hit became a record */
	DOVETAP_COUNTS_LOGIN_LOST = 1,
	DOVETAP_COUNTS_NO_LOGIN = 2, /* rightly left out */
	DOVETAP_COUNTS_REMARK = 3,   /* about a record that is counted elsewhere */
	DOVETAP_COUNTS_SEEN = 4,
	DOVETAP_COUNTER_USES
};

/* X(ENUM, "result", enum dovetap_counter_use) */
#define DOVETAP_BPF_COUNTERS(X)                                                                    \
	X(MAIL_USER_EMITTED, "mail_user_emitted", RECORD) /* record submitted */                   \
	X(AUTH_EMITTED, "auth_emitted", RECORD)                                                    \
	X(PROXY_EMITTED, "proxy_emitted", RECORD)                                                  \
	X(RING_FULL, "ring_full", LOGIN_LOST)		  /* no room: the login is lost */         \
	X(AUTOCREATED, "autocreated", NO_LOGIN)		  /* raw or shared-mailbox user */         \
	X(SESSION_RESTORED, "session_restored", NO_LOGIN) /* un-hibernated, not a login */         \
	X(INTERNAL_TOKEN, "internal_token", NO_LOGIN)	  /* mechanism DOVECOT-TOKEN */            \
	X(NO_HANDLER, "no_handler", NO_LOGIN)		  /* auth lookup without a client */       \
	X(NO_OBJECT, "no_object", LOGIN_LOST)		  /* NULL argument */                      \
	X(NO_USERNAME, "no_username", LOGIN_LOST)	  /* the name could not be read */         \
	X(FIELD_UNREADABLE, "field_unreadable", REMARK)	  /* emitted with a field missing */       \
	X(FIELD_TRUNCATED, "field_truncated", REMARK)	  /* emitted with a text cut and marked */ \
	X(LONG_RECORD, "long_record", REMARK)		  /* emitted in the long size */           \
	X(USER_ERROR, "user_error", NO_LOGIN) /* fallback: user that failed to initialise */       \
	X(NOT_SUCCESSFUL, "not_successful", NO_LOGIN) /* fallback: hit without success */          \
	X(NO_SESSION_ID, "no_session_id", LOGIN_LOST) /* proxied login that cannot be joined */    \
	X(SEEN, "seen", SEEN)			      /* every hit */                              \
	X(MIXED, "mixed", LOGIN_LOST) /* another login's memory in between: discarded */           \
	X(BUDGET_DOVECOT, "budget_dovecot", LOGIN_LOST)	  /* more than its share of the ring */    \
	X(BUDGET_USER, "budget_user", LOGIN_LOST)	  /* the same of a user's own program */   \
	X(BUDGET_UNRELATED, "budget_unrelated", NO_LOGIN) /* a program that is not Dovecot's */    \
	X(NO_PLUGINS, "no_plugins", NO_LOGIN)		  /* user without plugins: doveadm user */

enum dovetap_counter {
#define DOVETAP_X(id, name, use) DOVETAP_COUNT_##id,
	DOVETAP_BPF_COUNTERS(DOVETAP_X)
#undef DOVETAP_X
		DOVETAP_COUNTER_COUNT
};

_Static_assert(DOVETAP_COUNTER_COUNT <= DOVETAP_COUNTER_STRIDE, "raise the stride");

#endif
