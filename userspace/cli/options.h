/* SPDX-License-Identifier: MIT */
/*
 * What commands have in common on their command lines. A row of a table of options names the member
 * that it sets, so that no parser needs a case for it:
 *
 *	{"cc", OPTION_WORD(struct layout_command, cc), "PROGRAM", 0, "The compiler", 1},
 */
#ifndef DOVETAP_CLI_OPTIONS_H
#define DOVETAP_CLI_OPTIONS_H

#include <argp.h>
#include <stdbool.h>
#include <stddef.h>

/* Keys of argp. The member is a const char *, which stays the command line's, or a bool. */
#define OPTION_WORDS 0x10000
#define OPTION_FLAGS 0x20000
#define OPTION_WORD(type, member)                                                                  \
	(OPTION_WORDS + (int)_Generic(((type *)NULL)->member, const char *: offsetof(type, member)))
#define OPTION_FLAG(type, member)                                                                  \
	(OPTION_FLAGS + (int)_Generic(((type *)NULL)->member, bool : offsetof(type, member)))

/* What a parser returns for keys that it does not know: sets the member of state->input, or is
 * ARGP_ERR_UNKNOWN. */
error_t option_take(int key, char *arg, struct argp_state *state);

/* --dry-run and --control, of commands that change what a running dovetap has. */
struct change_options {
	const char *control;
	bool dry_run;
};

/* Argp children whose input is a struct change_options; the second one has no --control. */
extern const struct argp change_argp, dry_run_argp;

/* --control and --config, of commands that ask a running dovetap. */
struct control_options {
	const char *config, *control;
};

/* An argp child whose input is a struct control_options. */
extern const struct argp control_argp;

/* Argp children whose input is a struct names_options (name_list.h): --from or, where that means
 * something else, --users; --null; and the words that are left. */
extern const struct argp names_argp, users_argp;

/* --json and --csv: an argp child whose input is an enum report_form (report.h). */
extern const struct argp form_argp;

#endif
