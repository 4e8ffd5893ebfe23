/* SPDX-License-Identifier: MIT */
/* dovetap rename: the logins of a user become those of another name. */
#include <errno.h>
#include <inttypes.h>
#include <sysexits.h>

#include "base/log.h"
#include "cli/as_collector.h"
#include "cli/ask.h"
#include "cli/carry.h"
#include "cli/cmds.h"
#include "cli/control.h"
#include "cli/forget.h"
#include "cli/history_list.h"
#include "cli/options.h"
#include "cli/report.h"
#include "pipeline/removed.h"

struct rename_command {
	struct config_options config;
	struct change_options change;
	struct forget_options forget;
	const char *names[2]; /* old, new */
	size_t name_count;
	struct ask_proof proof;
	struct carry *carry;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct rename_command *command = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &command->config;
		state->child_inputs[1] = &command->change;
		return 0;
	case ARGP_KEY_ARG:
		if (command->name_count == 2)
			return ARGP_ERR_UNKNOWN;
		command->names[command->name_count++] = arg;
		return 0;
	case ARGP_KEY_END:
		if (command->name_count < 2)
			argp_error(state, "OLD and NEW are two names");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_child children[] = {
	{&asking_argp, 0, NULL, 0}, {&change_argp, 0, NULL, 0}, {0}};

static const struct argp argp = {
	.parser = parse,
	.children = children,
	.args_doc = "OLD NEW",
	.doc = "Writes the last logins of OLD, also those that wait in the spool, under the name NEW "
	       "where it has no newer ones, and removes all that is kept of OLD.\v"
	       "For an account that nobody can log in to meanwhile.",
};

static int check_names(const struct rename_command *command, struct error *error_r)
{
	const struct plan *plan = command->forget.plan;
	int ret = forget_check_name(plan, slice_str(command->names[0]), error_r);

	if (ret == 0)
		ret = forget_check_name(plan, slice_str(command->names[1]), error_r);
	if (ret == 0 && strcmp(command->names[0], command->names[1]) == 0)
		ret = error_set(error_r, EINVAL, "both names are the same");
	return ret;
}

static int take(const struct roster_record *record, void *context)
{
	const struct rename_command *command = context;

	carry_record(command->carry, record, slice_str(command->names[1]));
	return 0;
}

static int copy_records(struct rename_command *command, struct roster *roster,
			struct carry_counts *counts, struct error *error_r)
{
	static const struct roster_query all = {.older_than_ns = INT64_MAX};
	int ret = carry_new(command->forget.plan, command->forget.dry_run, NULL, &command->carry,
			    error_r);

	if (ret < 0)
		return ret;
	ret = roster_each_record(roster, &all, take, command, error_r);
	if (ret == 0)
		ret = carry_end(command->carry, counts, error_r);
	carry_free(&command->carry);
	return ret;
}

static int read_old(struct rename_command *command, struct roster *roster, uint64_t *hidden,
		    struct error *error_r)
{
	const struct ask_options ask = {
		.plan = command->forget.plan,
		.older_than_ns = INT64_MAX,
		.hidden = hidden,
		.proof = &command->proof,
	};
	const struct names_options options_of_names = {.words = command->names, .word_count = 1};
	struct names names;
	int ret;

	names_init(&names, &options_of_names);
	ret = ask_names(&ask, &names, roster, error_r);
	names_release(&names);
	return ret;
}

/* What could not be copied must not be removed. */
static int check_counts(const struct carry_counts *counts, struct error *error_r)
{
	uint64_t left = counts->unrouted + counts->nameless + counts->timeless + counts->refused;

	if (left == 0)
		return 0;
	return error_set(
		error_r, EINVAL,
		"%" PRIu64 " records cannot be written under the new name (%" PRIu64
		" of services that are not recorded, %" PRIu64 " of an unknown service, %" PRIu64
		" without a time, %" PRIu64 " refused): nothing is removed of the old one",
		left, counts->unrouted, counts->nameless, counts->timeless, counts->refused);
}

static void add_waiting(const struct forget_result *result, void *context)
{
	*(uint64_t *)context += result->waiting + result->refused;
}

/* What waits under such keys is removed by its key, but whose it is cannot be read there. */
static int check_hidden(const struct rename_command *command, uint64_t hidden,
			struct error *error_r)
{
	struct forget_options look = command->forget;
	uint64_t waiting = 0;
	int ret;

	if (hidden == 0)
		return 0;
	look.dry_run = true;
	ret = forget_user(&look, false, slice_str(command->names[0]), add_waiting, &waiting,
			  error_r);
	if (ret < 0 && !error_r->code)
		ret = error_set(error_r, -ret, "not all dicts can be looked into");
	if (ret < 0 || waiting == 0)
		return ret;
	return error_set(error_r, EAGAIN,
			 "%" PRIu64 " records of %s wait in the spool, some under keys that do not "
			 "show whose they are: nothing is removed of the old name (wait until they "
			 "are written, or see \"dovetap spool\")",
			 waiting, command->names[0]);
}

static void log_failure(const struct forget_result *result, void *context)
{
	(void)context;
	if (result->removed < 0)
		log_error("%s: the old name stays: %s", result->dict, result->error);
}

static bool keeps_history(const struct plan *plan)
{
	bool keeps = false;

	for (size_t i = 0; i < plan_dict_count(plan); i++)
		keeps |= plan_dict(plan, i)->history > 0;
	return keeps;
}

/* Of all rows, so that the newest of both names stay. */
static int copy_history(const struct rename_command *command, struct error *error_r)
{
	struct history_list list = {.plan = command->forget.plan, .limit = HISTORY_MAX};
	int ret;

	if (command->forget.dry_run || !keeps_history(list.plan))
		return 0;
	ret = history_ask(&list, slice_str(command->names[0]), error_r);
	history_sort(&list);
	if (ret == 0)
		ret = history_write(&list, slice_str(command->names[1]), error_r);
	history_list_release(&list);
	return ret;
}

/* Of whom nothing is known from before some time, nothing is known under the new name. */
static int note_forgotten(const struct rename_command *command, struct error *error_r)
{
	const struct plan *plan = command->forget.plan;
	const char *state_dir = plan_settings(plan)->state_dir;
	struct removed removed;
	int64_t time_ns = 0;
	int ret = removed_read(&removed, state_dir, error_r);

	if (ret == 0)
		time_ns = removed_user(&removed, plan, slice_str(command->names[0]));
	removed_release(&removed);
	if (ret < 0 || time_ns == 0 || command->forget.dry_run)
		return ret;
	return removed_note_user(state_dir, slice_str(command->names[1]), time_ns, error_r);
}

static int rename_user(struct rename_command *command, bool service, struct error *error_r)
{
	struct carry_counts counts = {0};
	struct roster *roster = NULL;
	uint64_t hidden = 0;
	int ret = roster_new(&roster, error_r);

	if (ret == 0)
		ret = read_old(command, roster, &hidden, error_r);
	if (ret == 0)
		ret = check_hidden(command, hidden, error_r);
	if (ret == 0)
		ret = note_forgotten(command, error_r);
	if (ret == 0)
		ret = copy_records(command, roster, &counts, error_r);
	if (ret == 0)
		ret = check_counts(&counts, error_r);
	if (ret == 0 && counts.taken == 0) /* nothing to be renamed: is it the right store? */
		ret = ask_unproved(&command->proof, error_r);
	if (ret == 0)
		ret = copy_history(command, error_r);
	if (ret == 0 && !command->forget.dry_run)
		ret = forget_user(&command->forget, service, slice_str(command->names[0]),
				  log_failure, NULL, error_r);
	if (ret == 0)
		(void)printf("%" PRIu64 " records%s\n", counts.taken,
			     command->forget.dry_run ? " to be renamed (not done)" : " renamed");
	roster_free(&roster);
	return ret;
}

static int run(struct rename_command *command, struct error *error_r)
{
	int service, ret = check_names(command, error_r);

	if (ret < 0)
		return EX_USAGE;
	service = command->forget.dry_run ? 0 : forget_find_service(&command->forget, error_r);
	if (service < 0 || as_collector(command->forget.plan, error_r) < 0)
		return EX_UNAVAILABLE;
	ret = rename_user(command, service > 0, error_r);
	if (ret < 0)
		return ask_status(ret);
	return output_end(stdout, error_r) < 0 ? EX_IOERR : EX_OK;
}

int cmd_rename(int argc, char **argv)
{
	struct rename_command command = {.name_count = 0};
	struct plan *plan = NULL;
	struct error error = {0};
	int status = EX_CONFIG;

	argp_parse(&argp, argc, argv, 0, NULL, &command);
	command.forget.dry_run = command.change.dry_run;
	if (control_find(command.change.control, command.config.path, &command.forget.control,
			 &error) == 0 &&
	    plan_new_with_past(&command.config, &plan, &error) == 0) {
		command.forget.plan = plan;
		status = run(&command, &error);
	}
	if (error.code)
		log_error("%s", error.text);
	plan_free(&plan);
	return status;
}
