/* SPDX-License-Identifier: MIT */
/* dovetap forget: removes all that is kept of a user. */
#include <errno.h>
#include <inttypes.h>
#include <sysexits.h>

#include "base/escape.h"
#include "base/log.h"
#include "cli/as_collector.h"
#include "cli/ask.h"
#include "cli/cmds.h"
#include "cli/control.h"
#include "cli/forget.h"
#include "cli/name_list.h"
#include "cli/options.h"
#include "cli/report.h"

#define LINE_MAX_BYTES (1U << 20)

struct forget_command {
	struct config_options config;
	struct change_options change;
	struct names_options names;
	struct forget_options forget;
	struct buf line;
	struct slice user; /* whose turn it is */
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct forget_command *command = state->input;

	(void)arg;
	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &command->config;
		state->child_inputs[1] = &command->change;
		state->child_inputs[2] = &command->names;
		return 0;
	case ARGP_KEY_END:
		if (command->names.word_count == 0 && !command->names.file)
			argp_error(state, "USER is missing");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_child children[] = {
	{&asking_argp, 0, NULL, 0}, {&change_argp, 0, NULL, 0}, {&names_argp, 0, NULL, 0}, {0}};

static const struct argp argp = {
	.parser = parse,
	.children = children,
	.args_doc = "USER...|-",
	.doc = "Removes all that is kept of each USER: from every dict of the configuration, under "
	       "all keys that it makes of the name, what waits in memory and spool, and what was "
	       "refused. A login after that is recorded again.\v"
	       "Prints for each dict what is gone. What stays is in the manual: the audit stream, "
	       "backups, what other nodes have.",
};

static void print_result(const struct forget_result *result, void *context)
{
	struct forget_command *command = context;

	buf_reset(&command->line);
	escape_terminal(&command->line, command->user);
	buf_appendf(&command->line, ": %s: ", result->dict);
	if (result->removed < 0)
		buf_append_str(&command->line, "not removed");
	else
		buf_appendf(&command->line, "%d removed", result->removed);
	buf_appendf(&command->line, ", %" PRIu64 " that waited, %" PRIu64 " that were refused%s",
		    result->waiting, result->refused, command->forget.dry_run ? " (not done)" : "");
	(void)puts(buf_str(&command->line));
	if (result->removed < 0)
		log_error("%s: %s", result->dict, result->error);
}

/* Whoever writes a mask means more than one name; a list has names as they are. */
static int check_masks(const struct names_options *names, struct error *error_r)
{
	for (size_t i = 0; i < names->word_count && !names->nul; i++) {
		if (strpbrk(names->words[i], "*?"))
			return error_set(error_r, EINVAL,
					 "%s: masks are not for forget: name each user, or list "
					 "them (a name with \"*\" or \"?\" in it: with --null)",
					 names->words[i]);
	}
	return 0;
}

/* All names are looked at before anything is removed. */
static int check_names(struct forget_command *command, struct error *error_r)
{
	struct slice name;
	struct names names;
	int ret = 1;

	names_init(&names, &command->names);
	while (ret > 0 && (ret = names_next(&names, &name, error_r)) > 0) {
		int bad = forget_check_name(command->forget.plan, name, error_r);

		ret = bad < 0 ? bad : ret;
	}
	names_release(&names);
	return ret;
}

static int forget_names(struct forget_command *command, bool service, struct error *error_r)
{
	struct names names;
	int ret, worst = 0;

	names_init(&names, &command->names);
	while ((ret = names_next(&names, &command->user, error_r)) > 0) {
		ret = forget_check_name(command->forget.plan, command->user, error_r);
		if (ret == 0)
			ret = forget_user(&command->forget, service, command->user, print_result,
					  command, error_r);
		if (ret < 0 && error_r->code)
			break;
		worst = ret < 0 ? ret : worst;
	}
	names_release(&names);
	if (ret < 0 && error_r->code)
		log_error("%s", error_r->text);
	return ret < 0 ? ret : worst;
}

/* Standard input can be read once. */
static bool reads_input(const struct names_options *names)
{
	bool reads = names->file != NULL;

	for (size_t i = 0; i < names->word_count; i++)
		reads |= strcmp(names->words[i], "-") == 0;
	return reads;
}

static int run(struct forget_command *command)
{
	struct error error = {0};
	int ret = check_masks(&command->names, &error), service;

	if (ret == 0 && !reads_input(&command->names))
		ret = check_names(command, &error);

	if (ret < 0) {
		log_error("%s", error.text);
		return EX_USAGE;
	}
	service = command->forget.dry_run ? 0 : forget_find_service(&command->forget, &error);
	ret = service < 0 ? service : as_collector(command->forget.plan, &error);
	if (ret < 0) {
		log_error("%s", error.text);
		return EX_UNAVAILABLE;
	}
	ret = forget_names(command, service > 0, &error);
	if (output_end(stdout, &error) < 0) {
		log_error("%s", error.text);
		return EX_IOERR;
	}
	return ret < 0 ? ask_status(ret) : EX_OK;
}

int cmd_forget(int argc, char **argv)
{
	struct forget_command command = {.names = {.words = NULL}};
	struct plan *plan = NULL;
	struct error error = {0};
	int status = EX_CONFIG;

	argp_parse(&argp, argc, argv, 0, NULL, &command);
	command.forget.dry_run = command.change.dry_run;
	buf_init(&command.line, LINE_MAX_BYTES);
	if (control_find(command.change.control, command.config.path, &command.forget.control,
			 &error) < 0 ||
	    plan_new_with_past(&command.config, &plan, &error) < 0) {
		log_error("%s", error.text);
	} else {
		command.forget.plan = plan;
		status = run(&command);
	}
	plan_free(&plan);
	buf_release(&command.line);
	return status;
}
