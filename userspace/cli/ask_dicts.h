/* SPDX-License-Identifier: MIT */
/* Inside of ask.h: the dicts that have logins, open, and what was seen of them. */
#ifndef DOVETAP_CLI_ASK_DICTS_H
#define DOVETAP_CLI_ASK_DICTS_H

#include "cli/ask.h"
#include "plan/plan_search.h"

struct ask {
	const struct ask_options *options;
	struct roster *roster;
	struct dict **dicts; /* by their number in the plan; NULL: it has no logins */
	size_t dict_count;

	/* While one of them is asked. */
	size_t dict;
	struct plan_search search;
	struct slice user; /* as it was written; len 0: all */
	int ret;	   /* of the first record that could not be taken in */
	struct error error;

	uint64_t records;
	int64_t shown_ns; /* when the line of progress was printed last */
	int64_t scan_ns;  /* spent on looking through keys */
	bool *seen;	  /* by dict: a record came from it */
	bool *mixed;	  /* by dict: its keys do not distinguish logins from deliveries */
};

int ask_open(struct ask *ask, const struct ask_options *options, struct roster *roster,
	     struct error *error_r);
void ask_close(struct ask *ask);

/* A record from a dict; for dict_search() and dict_list(). */
void ask_on_record(const struct dict_record *record, void *context);

/* ask_proof.c: is "no record" of these dicts an answer? */
int ask_prove(struct ask *ask, struct error *error_r);

/* ask_spool.c: what waits for the dicts, or was refused by them, counts as if they had it. It
 * waits in the roster. */
int ask_spools(struct ask *ask, struct error *error_r);

#endif
