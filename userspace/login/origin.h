/* SPDX-License-Identifier: MIT */
/*
 * Whether a record is believed, by what the kernel has recorded of the process that made it
 * (dovetap/origin.h): everybody can load Dovecot's library and call a probed function on an object
 * of his own. docs/threat-model.md has the rules and their reasons.
 *
 * A process that no master has started (a delivery agent that an MTA runs, imap through ssh) is
 * believed only about the users that its uid may speak for: the account's own name, those whom
 * masters' processes of the same uid have served, or any if they have served several.
 */
#ifndef DOVETAP_LOGIN_ORIGIN_H
#define DOVETAP_LOGIN_ORIGIN_H

#include "base/buf.h"
#include "base/error.h"
#include "login/login.h"

enum origin_verdict {
	ORIGIN_PROVED,
	ORIGIN_UNVERIFIED,  /* kept, and marked */
	ORIGIN_UNRELATED,   /* refused: the program is not Dovecot's */
	ORIGIN_USER_MASTER, /* refused: the master is an ordinary user's */
	ORIGIN_OTHER_USER,  /* refused: without a master, for somebody else */
	ORIGIN_UNPROVED,    /* refused: unverified, and proof is required */
	ORIGIN_VERDICT_COUNT
};

const char *origin_verdict_name(enum origin_verdict verdict); /* "other_user" */

static inline bool origin_is_refused(enum origin_verdict verdict)
{
	return verdict >= ORIGIN_UNRELATED;
}

enum origin_masters { ORIGIN_MASTERS_ROOT, ORIGIN_MASTERS_ROOTLESS, ORIGIN_MASTERS_ANY };

struct origin_policy {
	bool require_proof;
	enum origin_masters masters; /* whose are believed */
	uint32_t pid_ns;	     /* of the machine: only there uids are those of its accounts */

	/* Whether the account of a uid has that name; NULL: the machine's (login/passwd.h). */
	bool (*is_account)(uint32_t uid, struct slice name);
};

struct origins;

int origins_new(const struct origin_policy *policy, struct origins **origins_r,
		struct error *error_r);
void origins_free(struct origins **origins); /* takes NULL, sets NULL */

enum origin_verdict origins_judge(struct origins *origins, const struct login *login);

/* Appends who it was, for the log: uid, executable and parent, escaped. */
void origin_describe(const struct login *login, struct buf *out);

#endif
