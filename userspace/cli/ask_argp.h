/* SPDX-License-Identifier: MIT */
/* The options that lookup and inactive have in common. */
#ifndef DOVETAP_CLI_ASK_ARGP_H
#define DOVETAP_CLI_ASK_ARGP_H

#include "cli/cmds.h"
#include "cli/name_list.h"
#include "cli/report.h"
#include "cli/roster.h"

struct ask_argp {
	struct config_options plan;
	struct names_options names;
	const char **judged; /* --service; or NULL */
	enum report_form form;
	struct roster_query query;
	int64_t timeout_ns;
	int64_t since_ns; /* --since; 0: none */
	char *folded;	  /* of query.mask */
};

/* An argp child whose input is a struct ask_argp. */
extern const struct argp_child ask_argp_children[];

/* ARGP_KEY_ARGS: the words that are left are names, or one mask. Ends the program when "-" is among
 * them twice. */
void ask_argp_take_words(struct ask_argp *ask, struct argp_state *state);

/* Gives the mask the case of the names that Dovecot makes of those it is for. */
int ask_argp_fold_mask(struct ask_argp *ask, const struct plan *plan, struct error *error_r);

void ask_argp_release(struct ask_argp *ask);

/* Whether somebody named users: words, or a file. */
bool ask_argp_has_names(const struct ask_argp *ask);

#endif
