/* SPDX-License-Identifier: MIT */
/* dovetap recent: the newest logins and failures of all users, from the history. */
#include <errno.h>
#include <stdlib.h>
#include <sysexits.h>

#include "base/log.h"
#include "cli/ask.h"
#include "cli/cmds.h"
#include "cli/history_list.h"
#include "cli/options.h"

#define COUNT_DEFAULT 20
#define COUNT_MAX     100000

struct recent {
	struct config_options plan;
	enum report_form form;
	size_t count;
};

static size_t parse_count(const char *arg, struct argp_state *state)
{
	char *end;
	long long count = strtoll(arg, &end, 10);

	if (count <= 0 || count > COUNT_MAX || *end)
		argp_error(state, "%s: a number from 1 to %d", arg, COUNT_MAX);
	return (size_t)count;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct recent *recent = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &recent->plan;
		state->child_inputs[1] = &recent->form;
		return 0;
	case ARGP_KEY_ARG:
		if (state->arg_num > 0)
			return ARGP_ERR_UNKNOWN;
		recent->count = parse_count(arg, state);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_child children[] = {
	{&asking_argp, 0, NULL, 0}, {&form_argp, 0, NULL, 0}, {0}};

static const struct argp argp = {
	.parser = parse,
	.children = children,
	.args_doc = "[NUMBER]",
	.doc = "Prints the newest logins and failures of all users, the last first (20): what the "
	       "settings history and history_failures keep.\v"
	       "Exits with 1 when there is none.",
};

static int answer(const struct recent *recent, const struct plan *plan, struct error *error_r)
{
	struct history_list list = {.plan = plan, .limit = recent->count};
	int status, ret = history_ask(&list, (struct slice){NULL, 0}, error_r);

	history_sort(&list);
	if (ret < 0)
		status = ask_status(ret);
	else if (history_print(&list, recent->count, recent->form, error_r) < 0)
		status = EX_IOERR;
	else
		status = list.count > 0 ? EX_OK : EXIT_FAILURE;
	history_list_release(&list);
	return status;
}

int cmd_recent(int argc, char **argv)
{
	struct recent recent = {.count = COUNT_DEFAULT};
	struct plan *plan = NULL;
	struct error error = {0};
	int status;

	argp_parse(&argp, argc, argv, 0, NULL, &recent);
	status = plan_new(&recent.plan, &plan, &error) < 0 ? EX_CONFIG
							   : answer(&recent, plan, &error);
	if (error.code)
		log_error("%s", error.text);
	plan_free(&plan);
	return status;
}
