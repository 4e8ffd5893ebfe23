/* SPDX-License-Identifier: MIT */
/* Which decoded records go on. What a record of a refused or proxied login must have to be written
 * is seen when its key is made. */
#ifndef DOVETAP_FILTER_H
#define DOVETAP_FILTER_H

#include "login/login.h"

enum filter_result {
	FILTER_PASS,
	FILTER_AUTOCREATED, /* a raw delivery user, or the owner of a shared mailbox */
	FILTER_RESTORED,    /* an un-hibernated session */
	FILTER_DUPLICATE, /* same object, user and session a moment ago: one file attached twice */
	FILTER_CUT_NAME,  /* mail_user: the name did not fit: writing it would be another user's */
	FILTER_NO_NAME,	  /* mail_user */
	FILTER_FUTURE,	  /* more than five minutes ahead of the clock */
	FILTER_RESULT_COUNT
};

const char *filter_result_name(enum filter_result result); /* for metrics: "duplicate" */

#define FILTER_RECENT	    64 /* records that are remembered to recognise duplicates */
#define FILTER_DUPLICATE_NS 1000000LL
#define FILTER_FUTURE_NS    (300LL * 1000000000LL)

struct filter {
	struct filter_seen {
		uint32_t pid;
		uint64_t object, boot_ns;
		uint64_t name; /* checksum of user and session */
	} seen[FILTER_RECENT];
	unsigned int next;
};

/* Zero-initialised state is ready. now_boot_ns is clock_boot_ns(). */
enum filter_result filter_login(struct filter *filter, const struct login *login,
				uint64_t now_boot_ns);

#endif
