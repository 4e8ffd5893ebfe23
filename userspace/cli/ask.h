/* SPDX-License-Identifier: MIT */
/*
 * What the dicts of a plan and their spools know of users: for lookup and inactive. An answer that
 * cannot be had is an error and never taken for "no record": accounts are deleted by it.
 */
#ifndef DOVETAP_CLI_ASK_H
#define DOVETAP_CLI_ASK_H

#include "cli/name_list.h"
#include "cli/roster.h"
#include "plan/plan.h"

/*
 * What "no record" is worth. A store that is not there (no file, no directory, no table) is an
 * error of the question itself; one in which nothing at all is found proves nothing.
 */
struct ask_proof {
	struct error unproved; /* code 0: each store has records; else which has none */
	int64_t from_ns;       /* what was recorded before may be gone; 0: all is kept */
	char from_text[300];   /* of from_ns: why */
};

struct ask_options {
	const struct plan *plan;
	const char *const *judged; /* services that count as logins, too; or NULL */
	int64_t timeout_ns;	   /* how long a dict may be silent; 0: the default */
	const char *mask;	   /* of a listing, or NULL */
	int64_t older_than_ns;	   /* of a listing: who has logged in later may be left out;
				    * INT64_MAX: nobody */
	struct ask_proof *proof;   /* filled; NULL: no record is no more than that */
	bool progress;		   /* a line on standard error that shows how far it is */
	/* Raised by the records that wait under keys that do not show whose they are; or NULL. */
	uint64_t *hidden;
	bool quiet;	  /* nothing is logged */
	const char *only; /* of names: nobody else is going to be asked for; or NULL */
};

/* Of every user whom the dicts can list. Errors: those of dict_list(), of the spool. */
int ask_everyone(const struct ask_options *options, struct roster *roster, struct error *error_r);

/* Of the users named, under the name given and that which Dovecot makes of it
 * (plan_user_normalise()). */
int ask_names(const struct ask_options *options, struct names *names, struct roster *roster,
	      struct error *error_r);

/* Fails with what is unproved. */
int ask_unproved(const struct ask_proof *proof, struct error *error_r);

/* The exit status for what these and plan_new() return. */
int ask_status(int ret);

#endif
