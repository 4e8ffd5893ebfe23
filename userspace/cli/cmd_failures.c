/* SPDX-License-Identifier: MIT */
/* dovetap failures: who failed to log in, added up by network, address or user. */
#include <errno.h>
#include <stdlib.h>
#include <sysexits.h>

#include "base/clock.h"
#include "base/log.h"
#include "cli/ask.h"
#include "cli/attempts.h"
#include "cli/cmds.h"
#include "cli/options.h"
#include "conf/settings.h"

#define ROWS_MAX 1000000U /* of each store; the newest */

struct failures_command {
	struct config_options plan;
	enum report_form form;
	enum attempts_by by;
	int64_t back_ns;
	uint64_t users, failures; /* at least */
	bool succeeded;
	bool logins_kept; /* else who succeeded is not known */
};

enum { OPTION_SINCE = 256, OPTION_BY, OPTION_USERS, OPTION_FAILURES };

static const struct argp_option options[] = {
	{"since", OPTION_SINCE, "TIME", 0, "How far back, such as 1h (1d)", 1},
	{"by", OPTION_BY, "WHAT", 0, "network (/24 and /48, the default), address or user", 1},
	{"users", OPTION_USERS, "N", 0, "Only where N or more different users failed", 1},
	{"failures", OPTION_FAILURES, "N", 0, "Only where there are N or more failures", 1},
	{"succeeded", OPTION_FLAG(struct failures_command, succeeded), NULL, 0,
	 "Only where somebody logged in after a failure", 1},
	{0},
};

static int64_t parse_time(const char *arg, struct argp_state *state)
{
	static const struct conf_field time = {.name = "--since", .type = CONF_TIME};
	struct error error;
	uint64_t msecs = 0;

	if (conf_value_parse(&time, arg, NULL, &msecs, &error) < 0)
		argp_error(state, "--since: %s", error.text);
	else if (msecs == 0 || msecs > INT64_MAX / NS_PER_MSEC)
		argp_error(state, "--since=%s: a time, such as 1h", arg);
	return (int64_t)msecs * NS_PER_MSEC;
}

static uint64_t parse_number(const char *arg, const char *option, struct argp_state *state)
{
	char *end;
	long long number = strtoll(arg, &end, 10);

	if (number <= 0 || *end)
		argp_error(state, "--%s=%s: a number from 1 on", option, arg);
	return (uint64_t)number;
}

static enum attempts_by parse_by(const char *arg, struct argp_state *state)
{
	static const char *const words[] = {"network", "address", "user"};

	for (unsigned int i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(arg, words[i]) == 0)
			return i;
	}
	argp_error(state, "--by=%s: network, address or user", arg);
	return ATTEMPTS_BY_NETWORK;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct failures_command *command = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &command->plan;
		state->child_inputs[1] = &command->form;
		return 0;
	case OPTION_SINCE:
		command->back_ns = parse_time(arg, state);
		return 0;
	case OPTION_BY:
		command->by = parse_by(arg, state);
		return 0;
	case OPTION_USERS:
		command->users = parse_number(arg, "users", state);
		return 0;
	case OPTION_FAILURES:
		command->failures = parse_number(arg, "failures", state);
		return 0;
	default:
		return option_take(key, arg, state);
	}
}

static const struct argp_child children[] = {
	{&asking_argp, 0, NULL, 0}, {&form_argp, 0, NULL, 0}, {0}};

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.children = children,
	.doc = "Prints who failed to log in, out of what the setting history_failures keeps: from "
	       "each network how many failures, of how many users, from how many addresses, and how "
	       "many of these users logged in from there afterwards, by the setting history.\v"
	       "Of each user the last failures are kept, as many as history_failures: there were so "
	       "many or more. Exits with 1 when there is nothing to print.",
};

/* --- printing -------------------------------------------------------------------------------- */

/* The name is that of what they are added up by. */
static const struct report_column columns[][8] = {
#define COLUMNS(title, name)                                                                       \
	{                                                                                          \
		{title, name, "-"}, {"FAILURES", "failures", NULL}, {"USERS", "users", NULL},      \
			{"ADDRESSES", "addresses", NULL}, {"SUCCEEDED", "succeeded", NULL},        \
			{"FIRST", "first", NULL}, {"LAST", "last", NULL}, {NULL, NULL, NULL},      \
	}
	[ATTEMPTS_BY_NETWORK] = COLUMNS("NETWORK", "network"),
	[ATTEMPTS_BY_ADDRESS] = COLUMNS("ADDRESS", "address"),
	[ATTEMPTS_BY_USER] = COLUMNS("USER", "user"),
#undef COLUMNS
};

static struct report_cell number(uint64_t value)
{
	return (struct report_cell){.kind = REPORT_NUMBER, .ns = (int64_t)value};
}

static struct report_cell moment(int64_t time_ns)
{
	return (struct report_cell){.kind = REPORT_TIME, .ns = time_ns, .decimals = 6};
}

static void fill(const struct failures_command *command, const struct attempts_group *group,
		 struct report_cell cells[])
{
	memset(cells, 0, REPORT_COLUMNS_MAX * sizeof(*cells));
	if (group->name.len > 0)
		cells[0] = (struct report_cell){.kind = REPORT_TEXT, .text = group->name};
	cells[1] = number(group->failures);
	cells[2] = number(group->users);
	cells[3] = number(group->addresses);
	if (command->logins_kept)
		cells[4] = number(group->successes);
	cells[5] = moment(group->first_ns);
	cells[6] = moment(group->last_ns);
}

static bool is_wanted(const struct failures_command *command, const struct attempts_group *group)
{
	return group->users >= command->users && group->failures >= command->failures &&
	       (!command->succeeded || group->successes > 0);
}

/* Returns EX_OK, EXIT_FAILURE when there is nothing, or EX_IOERR with the reason. */
static int print(const struct failures_command *command, const struct attempts *attempts,
		 struct error *error_r)
{
	struct report_cell cells[REPORT_COLUMNS_MAX];
	struct report report;
	size_t rows = 0;
	int ret;

	report_init(&report, command->form, columns[command->by], stdout);
	for (size_t i = 0; i < attempts->count; i++) {
		fill(command, &attempts->groups[i], cells);
		if (is_wanted(command, &attempts->groups[i]))
			report_measure(&report, cells);
	}
	report_begin(&report);
	for (size_t i = 0; i < attempts->count; i++) {
		if (!is_wanted(command, &attempts->groups[i]))
			continue;
		fill(command, &attempts->groups[i], cells);
		report_row(&report, cells);
		rows++;
	}
	ret = report_end(&report, error_r);
	report_release(&report);
	if (ret < 0)
		return EX_IOERR;
	return rows > 0 ? EX_OK : EXIT_FAILURE;
}

/* Without the one nothing is there, without the other nobody ever succeeds. */
static int check_kept(const struct failures_command *command, const struct plan *plan,
		      struct error *error_r)
{
	if (plan_settings(plan)->history_failures == 0)
		return error_set(error_r, EINVAL,
				 "no failures are kept: the setting history_failures in "
				 "dovetap { } is 0");
	if (command->succeeded && plan_settings(plan)->history == 0)
		return error_set(error_r, EINVAL,
				 "no logins are kept: the setting history in dovetap { } is 0");
	return 0;
}

static int answer(struct failures_command *command, const struct plan *plan, struct error *error_r)
{
	struct history_list list = {.plan = plan, .limit = ROWS_MAX};
	struct attempts attempts = {.count = 0};
	int status, ret = check_kept(command, plan, error_r);

	if (ret < 0)
		return EX_CONFIG;
	command->logins_kept = plan_settings(plan)->history > 0;
	ret = history_ask(&list, (struct slice){NULL, 0}, error_r);
	if (ret == 0 && error_r->code != 0) /* a store that is not there has no rows */
		ret = -error_r->code;

	if (ret == 0 && list.count >= ROWS_MAX)
		log_warning("there are more than %u rows: the oldest are not counted", ROWS_MAX);
	history_sort(&list);
	if (ret == 0)
		ret = attempts_make(&list, command->by, clock_wall_ns() - command->back_ns,
				    &attempts, error_r);
	status = ret < 0 ? ask_status(ret) : print(command, &attempts, error_r);
	attempts_release(&attempts);
	history_list_release(&list);
	return status;
}

int cmd_failures(int argc, char **argv)
{
	struct failures_command command = {.back_ns = 24LL * 3600 * NS_PER_SEC};
	struct plan *plan = NULL;
	struct error error = {0};
	int status;

	argp_parse(&argp, argc, argv, 0, NULL, &command);
	status = plan_new(&command.plan, &plan, &error) < 0 ? EX_CONFIG
							    : answer(&command, plan, &error);
	if (error.code)
		log_error("%s", error.text);
	plan_free(&plan);
	return status;
}
