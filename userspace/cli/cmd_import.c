/* SPDX-License-Identifier: MIT */
/* dovetap import: logins from another store, such as the plugin's, into the dicts of the
 * configuration. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/log.h"
#include "cli/as_collector.h"
#include "cli/ask.h"
#include "cli/carry.h"
#include "cli/cmds.h"
#include "cli/name_list.h"
#include "cli/options.h"
#include "cli/report.h"

struct import {
	struct config_options to, from;
	struct names_options names;
	struct change_options change;
	const char *service;
	struct ask_proof proof;
	struct carry *carry;
};

static const struct argp_option options[] = {
	{"from-dict", OPTION_WORD(struct import, from.dict), "URI", 0,
	 "The store to read, in Dovecot's notation", 1},
	{"from-key", OPTION_WORD(struct import, from.key), "TEMPLATE", 0,
	 "Under which keys logins stand there", 1},
	{"from-config", OPTION_WORD(struct import, from.dovecot_config), "FILE", 0,
	 "Read the store that the last_login settings of Dovecot's own FILE name", 1},
	{"record-service", OPTION_WORD(struct import, service), "NAME", 0,
	 "The service of records that do not show theirs", 1},
	{0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct import *import = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		import->from.from = true;
		state->child_inputs[0] = &import->to;
		state->child_inputs[1] = &import->change;
		state->child_inputs[2] = &import->names;
		return 0;
	case ARGP_KEY_END:
		if (!import->from.dict && !import->from.dovecot_config)
			argp_error(state, "--from-dict or --from-config is missing");
		return 0;
	default:
		return option_take(key, arg, state);
	}
}

static const struct argp_child children[] = {
	{&asking_argp, 0, NULL, 0}, {&dry_run_argp, 0, NULL, 0}, {&users_argp, 0, NULL, 0}, {0}};

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.children = children,
	.args_doc = "[USER...|-]",
	.doc = "Reads the last logins that another store has, all or those of the users named, and "
	       "writes them to the dicts of the configuration, in its keys and precision. What is "
	       "there already and newer stays, so it can be done again, and while dovetap runs.",
};

static bool has_names(const struct import *import)
{
	return import->names.word_count > 0 || import->names.file;
}

static int read_store(struct import *import, const struct plan *from, struct roster *roster,
		      struct error *error_r)
{
	const struct ask_options ask = {
		.plan = from,
		.older_than_ns = INT64_MAX,
		.proof = &import->proof,
		.progress = isatty(STDERR_FILENO) == 1,
	};
	struct names names;
	int ret;

	if (!has_names(import)) {
		ret = ask_everyone(&ask, roster, error_r);
	} else {
		names_init(&names, &import->names);
		ret = ask_names(&ask, &names, roster, error_r);
		names_release(&names);
	}
	return ret;
}

static int take(const struct roster_record *record, void *context)
{
	carry_record(context, record, record->user);
	return 0;
}

static uint64_t read_count(const struct carry_counts *counts)
{
	return counts->taken + counts->unrouted + counts->nameless + counts->timeless;
}

static void print_counts(const struct import *import, const struct carry_counts *counts)
{
	(void)printf("%" PRIu64 " records read", read_count(counts));
	if (import->change.dry_run)
		(void)printf(", %" PRIu64 " to be written (not done)", counts->taken);
	else
		(void)printf(": %" PRIu64 " written, %" PRIu64
			     " were there as new or newer, %" PRIu64 " refused",
			     counts->stored, counts->unchanged, counts->refused);
	(void)printf("; left out: %" PRIu64 " of services that are not recorded, %" PRIu64
		     " of an unknown service, %" PRIu64 " without a time\n",
		     counts->unrouted, counts->nameless, counts->timeless);
}

static int write_all(struct import *import, const struct plan *to, struct roster *roster,
		     struct carry_counts *counts, struct error *error_r)
{
	static const struct roster_query all = {.older_than_ns = INT64_MAX};
	int ret = carry_new(to, import->change.dry_run, import->service, &import->carry, error_r),
	    ended;

	if (ret < 0)
		return ret;
	ret = roster_each_record(roster, &all, take, import->carry, error_r);
	ended = carry_end(import->carry, counts, ret < 0 ? NULL : error_r);
	carry_free(&import->carry);
	return ret < 0 ? ret : ended;
}

/* The store is read before any right is given up: only root may be able to. */
static int run(struct import *import, const struct plan *from, const struct plan *to,
	       struct error *error_r)
{
	struct carry_counts counts = {0};
	struct roster *roster = NULL;
	int status = EX_OK, ret = roster_new(&roster, error_r);

	if (ret == 0)
		ret = read_store(import, from, roster, error_r);
	if (ret == 0)
		ret = import->change.dry_run ? 0 : as_collector(to, error_r);
	if (ret == 0) {
		ret = write_all(import, to, roster, &counts, error_r);
		if (ret == 0 && read_count(&counts) == 0)
			ret = ask_unproved(&import->proof, error_r);
		print_counts(import, &counts);
	}
	if (ret < 0)
		status = ask_status(ret);
	else if (output_end(stdout, error_r) < 0)
		status = EX_IOERR;
	else if (counts.refused > 0)
		status = EX_UNAVAILABLE;
	roster_free(&roster);
	return status;
}

/* Nothing else of the configuration is about that store; nor does anything wait for it. */
static int open_source(struct import *import, const struct plan *to, struct plan **from_r,
		       struct error *error_r)
{
	import->from.path = "/dev/null";
	import->from.state_dir = "/nonexistent";
	if (!import->from.key && !import->from.dovecot_config)
		import->from.key = plan_route(to, 0)->key_text;
	return plan_new(&import->from, from_r, error_r);
}

int cmd_import(int argc, char **argv)
{
	struct import import = {.service = NULL};
	struct plan *from = NULL, *to = NULL;
	struct error error = {0};
	int status = EX_CONFIG;

	argp_parse(&argp, argc, argv, 0, NULL, &import);
	if (plan_new(&import.to, &to, &error) == 0 && open_source(&import, to, &from, &error) == 0)
		status = run(&import, from, to, &error);
	if (error.code)
		log_error("%s", error.text);
	plan_free(&from);
	plan_free(&to);
	return status;
}
