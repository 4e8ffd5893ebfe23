/* SPDX-License-Identifier: MIT */
/*
 * Is a file of Dovecot read with the right layout? Decided from its live records: one judge knows
 * all files.
 *
 *	OPEN ──> BY_LOGIN   one login: its mail user and its authentication agree
 *	     ──> BY_FORM    nothing but its own form was there to judge by, for JUDGE_FORM_NS
 *	     ──> REFUSED    JUDGE_WRONG_MIN records are wrong in one member, and more than a fifth
 *	BY_* ──> REFUSED    the same, of the latest records
 *
 * Decisions are reported once, at the moment. Pure but for memory: times are the caller's.
 */
#ifndef DOVETAP_PROOF_JUDGE_H
#define DOVETAP_PROOF_JUDGE_H

#include "base/error.h"
#include "login/login.h"
#include "proof/member.h"

#define JUDGE_FORM_NS	(10LL * 1000000000LL)
#define JUDGE_LIMIT_NS	(3600LL * 1000000000LL) /* no file is open for longer */
#define JUDGE_WRONG_MIN 3
#define JUDGE_FILES_MAX 4096 /* one more than that is believed */

enum proof_state { PROOF_OPEN, PROOF_BY_LOGIN, PROOF_BY_FORM, PROOF_REFUSED, PROOF_STATES };

const char *proof_state_name(enum proof_state state); /* for metrics: "open" */

#define PROOF_PATH_MAX	 256
#define PROOF_ABI_MAX	 80
#define PROOF_REASON_MAX 384

struct proof_file {
	uint64_t key; /* struct login.file; never 0 */
	enum dovetap_event_type type;
	enum proof_state state;
	int64_t first_ns; /* its first record; 0: there was none */
	uint64_t whole;	  /* records without partner, of good form */
	uint32_t right[PROOF_MEMBERS], wrong[PROOF_MEMBERS]; /* records, lately */
	uint64_t renamed[2]; /* checksums of the first renamed user's names; 0: none */
	char path[PROOF_PATH_MAX], abi[PROOF_ABI_MAX]; /* as far as they are known */
};

struct judge;

/* May look at the file during the call. */
typedef void judge_decided_fn(const struct proof_file *file, void *context);

int judge_new(judge_decided_fn *decided, void *context, struct judge **judge_r,
	      struct error *error_r);
void judge_free(struct judge **judge); /* takes NULL, sets NULL */

/* Of a record's file; BY_FORM for the key 0. */
enum proof_state judge_state(const struct judge *judge, uint64_t key);

/* What the attacher reports of a file. */
void judge_describe(struct judge *judge, uint64_t key, enum dovetap_event_type type,
		    const char *path, const char *abi);

/* What an earlier process had decided; nothing is reported. Only for one that is OPEN. */
void judge_remember(struct judge *judge, uint64_t key, enum proof_state state, const char *path);

/* A mail user, with the authentication of its session; without one; an authentication. */
void judge_login(struct judge *judge, const struct login *user, const struct login *auth,
		 int64_t now_ns);
void judge_user(struct judge *judge, const struct login *user, int64_t now_ns);
void judge_auth(struct judge *judge, const struct login *auth, int64_t now_ns);

/* A mail user that is none of a login, by its flags or for want of a name; an authentication
 * without one. */
void judge_no_login(struct judge *judge, const struct login *user, int64_t now_ns);

/* A proxied login; auth is NULL when there was none of its session. */
void judge_proxied(struct judge *judge, const struct login *proxy, const struct login *auth,
		   int64_t now_ns);

/* Decides what is due; with force all that has had a record. */
void judge_decide(struct judge *judge, int64_t now_ns, bool force);

/* The first member that is mostly wrong, or PROOF_MEMBERS. */
enum proof_member judge_worst(const struct proof_file *file);

/* What to log about a file that is REFUSED: the member, and what to do. */
void judge_reason(const struct proof_file *file, char reason_r[PROOF_REASON_MAX]);

/* The next file in the order of appearance; previous NULL: the first. */
const struct proof_file *judge_next(const struct judge *judge, const struct proof_file *previous);

#endif
