/* SPDX-License-Identifier: MIT */
/* dovetap lookup: the last logins of users, read from the dicts. */
#include <errno.h>
#include <stdlib.h>
#include <sysexits.h>

#include "base/clock.h"
#include "base/log.h"
#include "cli/cmds.h"
#include "cli/dict_search.h"

struct lookup_options {
	struct config_options plan;
	char **users;
	size_t user_count;
	bool all, json;
};

enum { OPTION_ALL = 256 };

static const struct argp_option options[] = {
	{"all", OPTION_ALL, NULL, 0, "Every user, where the dict can list them", 1},
	{"json", 'j', NULL, 0, "Print JSON", 1},
	{0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct lookup_options *lookup = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &lookup->plan;
		return 0;
	case OPTION_ALL:
		lookup->all = true;
		return 0;
	case 'j':
		lookup->json = true;
		return 0;
	case ARGP_KEY_ARGS:
		lookup->users = state->argv + state->next;
		lookup->user_count = (size_t)(state->argc - state->next);
		return 0;
	case ARGP_KEY_END:
		if (lookup->user_count == 0 && !lookup->all)
			argp_error(state, "USER is missing (or --all)");
		return 0;
	default:
		(void)arg;
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.children = plan_argp_children,
	.args_doc = "USER...",
	.doc = "Prints when, with which service and from where each USER last logged in.\v"
	       "Exits with 1 when nothing is known of any of them.",
};

static int print(const struct lookup_options *lookup, struct search *search)
{
	int64_t now = clock_wall_ns();
	int ret;

	logins_sort(&search->logins);
	ret = lookup->json ? logins_print_json(&search->logins, now, stdout)
			   : logins_print_table(&search->logins, now, stdout);
	if (ret < 0)
		return EX_IOERR;
	return search->logins.count > 0 ? EX_OK : EXIT_FAILURE;
}

int cmd_lookup(int argc, char **argv)
{
	struct lookup_options lookup = {0};
	struct search search = {.list_all = false};
	struct plan *plan = NULL;
	struct error error = {0};
	int ret, status;

	argp_parse(&argp, argc, argv, 0, NULL, &lookup);
	search.users = (const char *const *)lookup.users;
	search.user_count = lookup.user_count;
	search.list_all = lookup.all;
	ret = plan_new(&lookup.plan, &plan, &error) < 0 ? -EINVAL : 0;
	for (size_t i = 0; ret == 0 && i < plan_dict_count(plan); i++)
		ret = search_dict(&search, plan, i, &error);
	if (ret < 0) {
		log_error("%s", error.text);
		status = search_status(ret);
	} else {
		status = print(&lookup, &search);
	}
	logins_release(&search.logins);
	plan_free(&plan);
	return status;
}
