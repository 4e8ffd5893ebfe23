/* SPDX-License-Identifier: MIT */
#include "cli/options.h"

#include "cli/name_list.h"
#include "cli/report.h"

#define MEMBERS_MAX  0x10000 /* bytes of a struct that has members to set */
#define CONTROL_HELP "Where a running dovetap answers (the setting control_socket)"

error_t option_take(int key, char *arg, struct argp_state *state)
{
	char *input = state->input;

	if (key >= OPTION_WORDS && key < OPTION_WORDS + MEMBERS_MAX)
		*(const char **)(void *)(input + (key - OPTION_WORDS)) = arg;
	else if (key >= OPTION_FLAGS && key < OPTION_FLAGS + MEMBERS_MAX)
		*(bool *)(void *)(input + (key - OPTION_FLAGS)) = true;
	else
		return ARGP_ERR_UNKNOWN;
	return 0;
}

/* --- of commands that change something -------------------------------------------------------- */

static const struct argp_option change_options[] = {
	{"control", OPTION_WORD(struct change_options, control), "SOCKET", 0, CONTROL_HELP, 1},
	{"dry-run", OPTION_FLAG(struct change_options, dry_run), NULL, 0,
	 "Change nothing, only print what would be done", 1},
	{0},
};

const struct argp change_argp = {.options = change_options, .parser = option_take};
const struct argp dry_run_argp = {.options = change_options + 1, .parser = option_take};

/* --- of commands that ask a running dovetap --------------------------------------------------- */

static const struct argp_option control_options[] = {
	{"control", OPTION_WORD(struct control_options, control), "SOCKET", 0, CONTROL_HELP, 0},
	{"config", 'c', "FILE", 0, "Read control_socket from FILE, not /etc/dovetap/dovetap.conf",
	 0},
	{0},
};

static error_t parse_control(int key, char *arg, struct argp_state *state)
{
	struct control_options *control = state->input;

	if (key != 'c')
		return option_take(key, arg, state);
	control->config = arg;
	return 0;
}

const struct argp control_argp = {.options = control_options, .parser = parse_control};

/* --- of commands that take names of users ----------------------------------------------------- */

#define NULL_ROW                                                                                   \
	{                                                                                          \
		"null", '0', NULL, 0, "Names in FILE or standard input end with NUL", 1            \
	}

static const struct argp_option names_options[] = {
	{"from", OPTION_WORD(struct names_options, file), "FILE", 0,
	 "Read names of users from FILE, one a line", 1},
	NULL_ROW,
	{0},
};

static const struct argp_option users_options[] = {
	{"users", OPTION_WORD(struct names_options, file), "FILE", 0,
	 "Names of users, one a line; for a store that cannot list them", 1},
	NULL_ROW,
	{0},
};

static error_t parse_names(int key, char *arg, struct argp_state *state)
{
	struct names_options *names = state->input;

	switch (key) {
	case '0':
		names->nul = true;
		return 0;
	case ARGP_KEY_ARGS:
		names->words = (const char *const *)state->argv + state->next;
		names->word_count = (size_t)(state->argc - state->next);
		return 0;
	default:
		return option_take(key, arg, state);
	}
}

const struct argp names_argp = {.options = names_options, .parser = parse_names};
const struct argp users_argp = {.options = users_options, .parser = parse_names};

/* --- of commands that print records ----------------------------------------------------------- */

enum { OPTION_CSV = 256 };

static const struct argp_option form_options[] = {
	{"json", 'j', NULL, 0, "Print JSON, an object a line", 2},
	{"csv", OPTION_CSV, NULL, 0, "Print CSV", 2},
	{0},
};

static error_t parse_form(int key, char *arg, struct argp_state *state)
{
	enum report_form *form = state->input;

	(void)arg;
	if (key != 'j' && key != OPTION_CSV)
		return ARGP_ERR_UNKNOWN;
	if (*form != REPORT_TABLE && (*form == REPORT_JSON) != (key == 'j'))
		argp_error(state, "--json and --csv are two forms: one of them");
	*form = key == 'j' ? REPORT_JSON : REPORT_CSV;
	return 0;
}

const struct argp form_argp = {.options = form_options, .parser = parse_form};
