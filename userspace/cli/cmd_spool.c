/* SPDX-License-Identifier: MIT */
/* dovetap spool: lists, checks and drains the files of the spool while no dovetap uses them. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>

#include "base/clock.h"
#include "base/escape.h"
#include "base/log.h"
#include "cli/as_collector.h"
#include "cli/cmds.h"
#include "cli/report.h"
#include "cli/spool_drain.h"
#include "pipeline/targets.h"
#include "store/spool/spool_view.h"

#define LINE_MAX_BYTES (1U << 20)

struct spool_action;

struct spool_command {
	struct config_options config;
	const struct spool_action *action;
	struct buf line;
	const char *dict; /* being looked at */
	const char *key;  /* of retry and drop; NULL: all */
};

struct spool_action {
	const char *name;
	int (*run)(struct spool_command *command, const struct plan *plan, size_t dict,
		   struct error *error_r);
};

static void print_line(struct spool_command *command)
{
	(void)puts(buf_str(&command->line));
	buf_reset(&command->line);
}

static const char *state_of(const struct spool_row *row)
{
	if (row->reason.len > 0)
		return "refused";
	return row->due_ns > 0 ? "held" : "waiting";
}

/* --- list: for people ----------------------------------------------------------------------- */

static void list_row(const struct spool_row *row, void *context)
{
	struct spool_command *command = context;

	buf_appendf(&command->line, "%s  %-7s  ", command->dict, state_of(row));
	escape_terminal(&command->line, row->key);
	buf_append_str(&command->line, " = ");
	escape_terminal(&command->line, row->value);
	if (row->reason.len > 0) {
		buf_append_str(&command->line, "  (");
		escape_terminal(&command->line, row->reason);
		buf_append_char(&command->line, ')');
	}
	print_line(command);
}

/* --- export: one JSON object a line ---------------------------------------------------------- */

static void add_member(struct buf *line, const char *name, struct slice text)
{
	buf_appendf(line, ",\"%s\":\"", name);
	escape_json(line, text);
	buf_append_char(line, '"');
}

static void export_row(const struct spool_row *row, void *context)
{
	struct spool_command *command = context;

	buf_appendf(&command->line, "{\"dict\":\"%s\",\"state\":\"%s\"", command->dict,
		    state_of(row));
	add_member(&command->line, "key", row->key);
	add_member(&command->line, "value", row->value);
	buf_appendf(&command->line, ",\"time_ns\":%" PRId64 ",\"%s\":%" PRId64, row->time_ns,
		    row->due_ns > 0 ? "due_ns" : "since_ns",
		    row->due_ns > 0 ? row->due_ns : row->since_ns);
	if (row->reason.len > 0)
		add_member(&command->line, "reason", row->reason);
	buf_append_char(&command->line, '}');
	print_line(command);
}

/* --- the actions ----------------------------------------------------------------------------- */

/* 1: there is a file; 0: nothing was ever spooled for this dict. */
static int open_view(const struct plan *plan, size_t dict, struct spool_view **view_r,
		     struct error *error_r)
{
	char dir[PATH_MAX];
	int ret;

	targets_spool_dir(plan, dir);
	ret = spool_view_open(dir, plan_dict_id(plan, dict), view_r, error_r);
	return ret == -ENOENT ? 0 : ret < 0 ? ret : 1;
}

static int each_row(struct spool_command *command, const struct plan *plan, size_t dict,
		    spool_row_cb *cb, struct error *error_r)
{
	struct spool_view *view;
	int64_t count;
	int ret = open_view(plan, dict, &view, error_r);

	if (ret <= 0)
		return ret;
	command->dict = plan_dict_id(plan, dict);
	count = spool_view_pending(view, cb, command, error_r);
	if (count >= 0)
		count = spool_view_held(view, cb, command, error_r);
	if (count >= 0)
		count = spool_view_dead_letters(view, cb, command, error_r);
	spool_view_close(&view);
	return count < 0 ? (int)count : 0;
}

static int run_list(struct spool_command *command, const struct plan *plan, size_t dict,
		    struct error *error_r)
{
	return each_row(command, plan, dict, list_row, error_r);
}

static int run_export(struct spool_command *command, const struct plan *plan, size_t dict,
		      struct error *error_r)
{
	return each_row(command, plan, dict, export_row, error_r);
}

static int run_check(struct spool_command *command, const struct plan *plan, size_t dict,
		     struct error *error_r)
{
	struct spool_view *view;
	int ret = open_view(plan, dict, &view, error_r);

	(void)command;
	if (ret < 0)
		return ret;
	if (ret > 0) {
		ret = spool_view_check(view, error_r);
		spool_view_close(&view);
	}
	if (ret == 0)
		(void)printf("%s: sound\n", plan_dict_id(plan, dict));
	return ret;
}

static int run_drain(struct spool_command *command, const struct plan *plan, size_t dict,
		     struct error *error_r)
{
	struct spool_view *view;
	int64_t left = open_view(plan, dict, &view, error_r);

	(void)command;
	if (left > 0) {
		left = spool_view_check(view, error_r); /* a damaged one would be moved aside */
		spool_view_close(&view);
		left = left < 0 ? left : spool_drain(plan, dict, error_r);
	}
	if (left < 0)
		return (int)left;
	(void)printf("%s: %" PRId64 " left\n", plan_dict_id(plan, dict), left);
	if (left > 0)
		return error_set(error_r, EAGAIN, "%s did not take everything",
				 plan_dict_name(plan, dict));
	return 0;
}

static int run_drop(struct spool_command *command, const struct plan *plan, size_t dict,
		    struct error *error_r)
{
	struct spool_view *view;
	int64_t count = open_view(plan, dict, &view, error_r);

	if (count <= 0)
		return (int)count;
	count = spool_view_drop(view, slice_str(command->key), error_r);
	spool_view_close(&view);
	if (count < 0)
		return (int)count;
	(void)printf("%s: %" PRId64 " dropped\n", plan_dict_id(plan, dict), count);
	return 0;
}

/* What its dict refuses again is a dead letter again. */
static int run_retry(struct spool_command *command, const struct plan *plan, size_t dict,
		     struct error *error_r)
{
	struct spool_view *view;
	int64_t count = open_view(plan, dict, &view, error_r);

	if (count <= 0)
		return (int)count;
	count = spool_view_retry(view, slice_str(command->key), clock_wall_ns(), error_r);
	spool_view_close(&view);
	if (count < 0)
		return (int)count;
	(void)printf("%s: %" PRId64 " to be written again\n", plan_dict_id(plan, dict), count);
	return count > 0 ? run_drain(command, plan, dict, error_r) : 0;
}

static const struct spool_action actions[] = {
	{"list", run_list},   {"export", run_export}, {"check", run_check},
	{"drain", run_drain}, {"retry", run_retry},   {"drop", run_drop},
};

#define ACTION_COUNT (sizeof(actions) / sizeof(actions[0]))

static void choose_action(struct spool_command *command, const char *name, struct argp_state *state)
{
	for (size_t i = 0; i < ACTION_COUNT; i++) {
		if (strcmp(name, actions[i].name) == 0)
			command->action = &actions[i];
	}
	if (!command->action)
		argp_error(state, "\"%s\": one of list, export, check, drain, retry, drop", name);
}

static bool takes_key(const struct spool_action *action)
{
	return action->run == run_retry || action->run == run_drop;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct spool_command *command = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &command->config;
		return 0;
	case ARGP_KEY_ARG:
		if (!command->action)
			choose_action(command, arg, state);
		else if (!command->key && takes_key(command->action))
			command->key = arg;
		else
			argp_error(state, "one action at a time");
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "one of list, export, check, drain, retry, drop");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	.parser = parse,
	.children = plan_argp_children,
	.args_doc = "list|export|check|drain|retry|drop",
	.doc = "Looks into the spool, where records wait for a dict that does not take them.\v"
	       "list prints what waits and what was refused for good; export the same as JSON, an "
	       "object a line; check lets SQLite look at every page; drain writes what waits to its "
	       "dict, as the collector's user, for when dovetap does not run; retry does so with what "
	       "was refused, once its cause is mended, and drop removes that: all of it, or what "
	       "stands under the KEY that is named behind, as list prints it.",
};

static bool writes_to_dict(const struct spool_action *action)
{
	return action->run == run_drain || action->run == run_retry;
}

/* Without it nothing can be known of the spool, nor is it made by who asks for it. */
static int look_for_state(const struct plan *plan, struct error *error_r)
{
	const char *dir = plan_settings(plan)->state_dir;
	struct stat file;

	if (plan_settings(plan)->spool_dir[0] || stat(dir, &file) == 0)
		return 0;
	return error_set(error_r, errno, "%s: %s: is it the state directory of \"dovetap run\"?",
			 dir, strerror(errno));
}

static int run_all(struct spool_command *command, const struct plan *plan, struct error *error_r)
{
	int ret = look_for_state(plan, error_r);

	if (ret == 0 && writes_to_dict(command->action))
		ret = as_collector(plan, error_r);
	for (size_t i = 0; i < plan_dict_count(plan) && ret == 0; i++)
		ret = command->action->run(command, plan, i, error_r);
	return ret;
}

/* Not the dict's: trying again later would end the same way. */
static bool is_ours(const struct spool_command *command, const struct error *error)
{
	return !writes_to_dict(command->action) || error->code == ENOENT || error->code == EILSEQ;
}

int cmd_spool(int argc, char **argv)
{
	struct spool_command command = {0};
	struct plan *plan = NULL;
	struct error error = {0};
	int status = EX_OK;

	argp_parse(&argp, argc, argv, 0, NULL, &command);
	buf_init(&command.line, LINE_MAX_BYTES);
	if (plan_new(&command.config, &plan, &error) < 0)
		status = EX_CONFIG;
	else if (run_all(&command, plan, &error) < 0)
		status = is_ours(&command, &error) ? EX_IOERR : EX_TEMPFAIL;
	else if (output_end(stdout, &error) < 0)
		status = EX_IOERR;
	if (status != EX_OK)
		log_error("%s", error.text);
	buf_release(&command.line);
	plan_free(&plan);
	return status;
}
