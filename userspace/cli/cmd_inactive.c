/* SPDX-License-Identifier: MIT */
/* dovetap inactive: the users who have not logged in for so long. */
#include <errno.h>
#include <stdlib.h>
#include <sysexits.h>

#include "base/clock.h"
#include "base/log.h"
#include "cli/cmds.h"
#include "cli/dict_search.h"
#include "cli/older.h"

struct inactive_options {
	struct config_options plan;
	const char *const *users;
	size_t user_count;
	int64_t older_ns;
	bool json;
};

enum { OPTION_OLDER = 256 };

static const struct argp_option options[] = {
	{"older", OPTION_OLDER, "TIME", 0, "Whose last login is older, such as 90d; required", 1},
	{"json", 'j', NULL, 0, "Print JSON", 1},
	{0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct inactive_options *inactive = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &inactive->plan;
		return 0;
	case OPTION_OLDER:
		inactive->older_ns = older_parse(arg, state);
		return 0;
	case 'j':
		inactive->json = true;
		return 0;
	case ARGP_KEY_ARGS:
		inactive->users = (const char *const *)state->argv + state->next;
		inactive->user_count = (size_t)(state->argc - state->next);
		return 0;
	case ARGP_KEY_END:
		if (inactive->older_ns == 0)
			argp_error(state, "--older is missing");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.children = plan_argp_children,
	.args_doc = "[USER...]",
	.doc = "Prints the users who have not logged in for so long, by any service, in any dict, "
	       "with their last login.\v"
	       "Without a USER, those that the dicts can list: embedded SQLite "
	       "and SQL. With USERs (such as from \"doveadm user '*'\"), those of them, also who "
	       "never logged in. Exits with 1 when there is nobody.",
};

/* A user who is in no dict has a row of its own. */
static int add_never(struct search *search)
{
	struct logins_row never = {.value = slice_str("never"), .time_ns = -1};
	int ret = 0;

	for (size_t i = 0; i < search->user_count && ret == 0; i++) {
		never.user = slice_str(search->users[i]);
		ret = logins_add(&search->logins, &never);
	}
	return ret;
}

static int find(const struct plan *plan, struct search *search, struct error *error_r)
{
	int ret = 0;

	for (size_t i = 0; ret == 0 && i < plan_dict_count(plan); i++)
		ret = search_dict(search, plan, i, error_r);
	if (ret == 0 && add_never(search) < 0)
		ret = error_set(error_r, ENOMEM, "out of memory for the records");
	return ret;
}

static int print(const struct inactive_options *inactive, struct search *search)
{
	int64_t now = clock_wall_ns();
	int ret;

	logins_sort(&search->logins);
	logins_keep_older(&search->logins, now - inactive->older_ns);
	ret = inactive->json ? logins_print_json(&search->logins, now, stdout)
			     : logins_print_table(&search->logins, now, stdout);
	if (ret < 0)
		return EX_IOERR;
	return search->logins.count > 0 ? EX_OK : EXIT_FAILURE;
}

int cmd_inactive(int argc, char **argv)
{
	struct inactive_options inactive = {.older_ns = 0};
	struct search search = {.list_all = false};
	struct plan *plan = NULL;
	struct error error = {0};
	int ret, status;

	argp_parse(&argp, argc, argv, 0, NULL, &inactive);
	search.users = inactive.users;
	search.user_count = inactive.user_count;
	search.list_all = inactive.user_count == 0;
	ret = plan_new(&inactive.plan, &plan, &error) < 0 ? -EINVAL : 0;
	if (ret == 0)
		ret = find(plan, &search, &error);
	if (ret < 0) {
		log_error("%s", error.text);
		status = search_status(ret);
	} else {
		status = print(&inactive, &search);
	}
	logins_release(&search.logins);
	plan_free(&plan);
	return status;
}
