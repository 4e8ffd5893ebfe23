/* SPDX-License-Identifier: MIT */
#include "base/clock.h"
#include "base/log.h"
#include "cli/cmds.h"
#include "cli/logins.h"

#include <errno.h>
#include <stdlib.h>
#include <sysexits.h>

#define TIMEOUT_NS (10 * NS_PER_SEC)

struct lookup_options {
	struct config_options plan;
	char **users;
	size_t user_count;
	bool all, json;
};

enum { OPTION_ALL = 256 };

static const struct argp_option options[] = {
	{"all", OPTION_ALL, NULL, 0, "Every user, where the dict can tell", 1},
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

static const struct argp_child children[] = {{&plan_argp, 0, NULL, 0}, {0}};
static const struct argp argp = {
	.options = options,
	.parser = parse,
	.children = children,
	.args_doc = "USER...",
	.doc = "Prints when, with which service and from where each USER last logged in.\v"
	       "Exits with 1 when nothing is known of any of them.",
};

struct search {
	struct logins logins;
	struct plan_keys keys;
	struct slice user;
	int failed;
};

/* What the store does not tell can often be told from the key that was asked for. */
static void on_record(const struct dict_record *record, void *context)
{
	struct search *search = context;
	struct logins_row row = {
		.user = record->user.len > 0 ? record->user : search->user,
		.service = record->service,
		.remote_ip = record->remote_ip,
		.value = record->value,
		.time_ns = record->time_ns,
	};

	if (row.service.len == 0)
		row.service = slice_str(plan_keys_service(&search->keys, record->key));
	if (logins_add(&search->logins, &row) < 0)
		search->failed = -ENOMEM;
}

static int search_user(const struct plan *plan, size_t index, struct dict *dict,
		       struct search *search, struct error *error_r)
{
	int ret = plan_keys_make(plan, index, search->user, &search->keys, error_r);

	if (ret == 0)
		ret = dict_lookup(dict, search->user, search->keys.keys, search->keys.count,
				  clock_monotonic_ns() + TIMEOUT_NS, on_record, search, error_r);
	plan_keys_release(&search->keys);
	if (search->failed < 0)
		return error_set(error_r, ENOMEM, "out of memory for the records");
	return ret;
}

static int search_dict(const struct plan *plan, size_t index, const struct lookup_options *lookup,
		       struct search *search, struct error *error_r)
{
	struct dict *dict;
	int ret = plan_dict_open(plan, index, &dict, error_r);

	if (ret < 0)
		return ret;
	if (lookup->all) {
		search->user = (struct slice){NULL, 0};
		ret = search_user(plan, index, dict, search, error_r);
	}
	for (size_t i = 0; i < lookup->user_count && ret >= 0; i++) {
		search->user = slice_str(lookup->users[i]);
		ret = search_user(plan, index, dict, search, error_r);
	}
	dict_close(&dict);
	return ret < 0 ? ret : 0;
}

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

static int exit_status(int ret)
{
	return ret == -EINVAL || ret == -EOPNOTSUPP ? EX_CONFIG : EX_UNAVAILABLE;
}

int cmd_lookup(int argc, char **argv)
{
	struct lookup_options lookup = {0};
	struct search search = {0};
	struct plan *plan = NULL;
	struct error error = {0};
	int ret, status;

	argp_parse(&argp, argc, argv, 0, NULL, &lookup);
	ret = plan_new(&lookup.plan, &plan, &error) < 0 ? -EINVAL : 0;
	for (size_t i = 0; ret == 0 && i < plan_dict_count(plan); i++)
		ret = search_dict(plan, i, &lookup, &search, &error);
	if (ret < 0) {
		log_error("%s", error.text);
		status = exit_status(ret);
	} else {
		status = print(&lookup, &search);
	}
	logins_release(&search.logins);
	plan_free(&plan);
	return status;
}
