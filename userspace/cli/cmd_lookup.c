/* SPDX-License-Identifier: MIT */
/* dovetap lookup: the last logins of users, read from the dicts. */
#include <errno.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "cli/ask.h"
#include "cli/ask_argp.h"
#include "cli/ask_control.h"
#include "cli/cmds.h"
#include "cli/control.h"
#include "cli/history_list.h"
#include "cli/options.h"
#include "cli/since_when.h"
#include "pipeline/removed.h"
#include "plan/plan_user.h"

#define NAME_MAX_BYTES (1U << 20)
#define MEASURED_ROWS  1000 /* of a table, for the widths of its columns */

struct lookup {
	struct ask_argp ask;
	bool all, history;
	const char *control;	 /* a dovetap to ask instead of the stores; or NULL */
	int64_t now_ns, from_ns; /* from_ns 0: since when is not known */
	struct error from_error; /* and why */
	struct ask_proof proof;
	const struct plan *plan;
	struct removed removed;
	struct report report;
	uint64_t rows, logins, unrecorded; /* unrecorded: users without any record */
};

static const struct argp_option options[] = {
	{"all", OPTION_FLAG(struct lookup, all), NULL, 0,
	 "Every user, where the dict can list them", 1},
	{"history", OPTION_FLAG(struct lookup, history), NULL, 0,
	 "The last logins of each USER, as the setting history keeps them, the newest first", 1},
	{"control", OPTION_WORD(struct lookup, control), "SOCKET", 0,
	 "Ask the dovetap that answers there, not the dicts", 1},
	{0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct lookup *lookup = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &lookup->ask;
		return 0;
	case ARGP_KEY_ARGS:
		ask_argp_take_words(&lookup->ask, state);
		return 0;
	case ARGP_KEY_END:
		if (!ask_argp_has_names(&lookup->ask) && !lookup->all && !lookup->ask.query.mask)
			argp_error(state, "USER is missing (or --all)");
		if (ask_argp_has_names(&lookup->ask) && lookup->all)
			argp_error(state, "--all is every user: name none beside it");
		if (lookup->history && (lookup->all || lookup->ask.query.mask))
			argp_error(state, "--history is of each USER named; \"dovetap recent\" is "
					  "of all");
		return 0;
	default:
		return option_take(key, arg, state);
	}
}

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.children = ask_argp_children,
	.args_doc = "USER...|-|MASK",
	.doc = "Prints when, with which service and from where each USER last logged in, and when "
	       "mail last arrived.\v"
	       "Exits with 1 when no login is known of any of them.",
};

/* --- printing --------------------------------------------------------------------------------- */

static const struct report_column columns[] = {
	{"USER", "user", NULL},	   {"SERVICE", "service", "-"},	   {"RECORD", "record", "-"},
	{"TIME", "time", "never"}, {"AGE", "age_seconds", "-"},	   {"REMOTE IP", "remote_ip", "-"},
	{NULL, "value", NULL},	   {NULL, "recorded_since", NULL}, {NULL, NULL, NULL},
};

static struct report_cell text_cell(struct slice text)
{
	return (struct report_cell){.kind = text.len > 0 ? REPORT_TEXT : REPORT_NONE, .text = text};
}

static void fill_record(const struct lookup *lookup, const struct roster_record *record,
			struct report_cell cells[])
{
	cells[1] = text_cell(record->service);
	cells[2] = text_cell(slice_str(service_class_name(record->class)));
	cells[3] = (struct report_cell){.kind = REPORT_TIME,
					.ns = record->time_ns,
					.decimals = report_decimals(record->value)};
	cells[4] = (struct report_cell){.kind = REPORT_AGE, .ns = lookup->now_ns - record->time_ns};
	if (record->time_ns < 0) { /* of a record that is no login: it is printed as it is */
		cells[3] = text_cell(record->value);
		cells[4].kind = REPORT_NONE;
	}
	cells[5] = text_cell(record->remote_ip);
	cells[6] = text_cell(record->value);
}

/* Who has no record and was forgotten has none since then. */
static int64_t since_of(const struct lookup *lookup, const struct roster_record *record)
{
	int64_t forgotten_ns = record->class == SERVICE_CLASSES
				       ? removed_user(&lookup->removed, lookup->plan, record->user)
				       : 0;

	return forgotten_ns > lookup->from_ns ? forgotten_ns : lookup->from_ns;
}

static void fill(const struct lookup *lookup, const struct roster_record *record,
		 struct report_cell cells[])
{
	memset(cells, 0, REPORT_COLUMNS_MAX * sizeof(*cells));
	cells[0] = (struct report_cell){.kind = REPORT_TEXT, .text = record->user};
	if (record->class != SERVICE_CLASSES)
		fill_record(lookup, record, cells);
	cells[7] = (struct report_cell){.kind = lookup->from_ns > 0 ? REPORT_TIME : REPORT_NONE,
					.ns = since_of(lookup, record)};
}

static int measure(const struct roster_record *record, void *context)
{
	struct report_cell cells[REPORT_COLUMNS_MAX];
	struct lookup *lookup = context;

	fill(lookup, record, cells);
	report_measure(&lookup->report, cells);
	return ++lookup->rows == MEASURED_ROWS;
}

/* Who has no record has never logged in only if it is known since when there would be one. */
static int print_record(const struct roster_record *record, void *context)
{
	struct report_cell cells[REPORT_COLUMNS_MAX];
	struct lookup *lookup = context;

	lookup->unrecorded += record->class == SERVICE_CLASSES;
	lookup->logins += record->class == SERVICE_LOGIN;
	if (record->class == SERVICE_CLASSES && lookup->from_ns == 0)
		return 0;
	fill(lookup, record, cells);
	report_row(&lookup->report, cells);
	return ferror(lookup->report.to);
}

static void print_since(const struct lookup *lookup)
{
	struct buf out;

	buf_init(&out, 256);
	report_append_time(&out, lookup->from_ns, 0);
	(void)printf("\nlogins are recorded since %s\n", buf_str(&out));
	buf_release(&out);
}

static int print(struct lookup *lookup, struct roster *roster, struct error *error_r)
{
	const struct roster_query *query = &lookup->ask.query;
	struct report *report = &lookup->report;
	int ret = 0;

	report_init(report, lookup->ask.form, columns, stdout);
	if (report->form == REPORT_TABLE)
		ret = roster_each_record(roster, query, measure, lookup, error_r);
	report_begin(report);
	if (ret == 0)
		ret = roster_each_record(roster, query, print_record, lookup, error_r);
	if (ret == 0 && report->form == REPORT_TABLE && lookup->from_ns > 0)
		print_since(lookup);
	if (ret == 0)
		ret = report_end(report, error_r);
	report_release(report);
	return ret;
}

/* --- asking ----------------------------------------------------------------------------------- */

static int ask(struct lookup *lookup, const struct plan *plan, struct roster *roster,
	       struct error *error_r)
{
	const struct ask_options ask_options = {
		.plan = plan,
		.judged = lookup->ask.judged,
		.timeout_ns = lookup->ask.timeout_ns,
		.mask = lookup->ask.query.mask,
		.older_than_ns = INT64_MAX,
		.proof = &lookup->proof,
		.progress = isatty(STDERR_FILENO) == 1,
	};
	struct names names;
	int ret = 0;

	if (lookup->all || lookup->ask.query.mask)
		ret = ask_everyone(&ask_options, roster, error_r);
	if (ret < 0 || !ask_argp_has_names(&lookup->ask))
		return ret;
	names_init(&names, &lookup->ask.names);
	ret = ask_names(&ask_options, &names, roster, error_r);
	names_release(&names);
	return ret;
}

/* Under the name given and under that which Dovecot makes of it. */
static int ask_past(struct history_list *list, struct slice name, struct error *error_r)
{
	struct buf normal;
	int ret;

	buf_init(&normal, NAME_MAX_BYTES);
	ret = plan_user_normalise(list->plan, name, &normal, error_r);
	if (ret == 0)
		ret = history_ask(list, name, error_r);
	if (ret == 0 && !slice_equal(name, buf_slice(&normal)))
		ret = history_ask(list, buf_slice(&normal), error_r);
	buf_release(&normal);
	return ret;
}

static int ask_pasts(const struct lookup *lookup, struct history_list *list, struct error *error_r)
{
	struct slice name;
	struct names names;
	int ret = 0, more = 0;

	names_init(&names, &lookup->ask.names);
	while (ret == 0 && (more = names_next(&names, &name, error_r)) > 0)
		ret = ask_past(list, name, error_r);
	names_release(&names);
	return ret < 0 ? ret : more;
}

/* lookup --history: an exit status. */
static int answer_history(const struct lookup *lookup, const struct plan *plan,
			  struct error *error_r)
{
	uint64_t limit = lookup->ask.query.limit;
	struct history_list list = {
		.plan = plan, .limit = HISTORY_MAX, .timeout_ns = lookup->ask.timeout_ns};
	int status, ret = ask_pasts(lookup, &list, error_r);

	history_sort(&list);
	if (ret < 0)
		status = ask_status(ret);
	else if (history_print(&list, limit > 0 ? limit : SIZE_MAX, lookup->ask.form, error_r) < 0)
		status = EX_IOERR;
	else
		status = list.count > 0 ? EX_OK : EXIT_FAILURE;
	history_list_release(&list);
	return status;
}

static void find_from(struct lookup *lookup, const struct plan *plan)
{
	lookup->now_ns = clock_wall_ns();
	lookup->from_ns = lookup->ask.since_ns;
	if (lookup->from_ns == 0 &&
	    since_when(plan, lookup->ask.judged, &lookup->from_ns, &lookup->from_error) < 0)
		lookup->from_ns = 0;
}

/* What the stores cannot prove is not printed, also where the state has since when. */
static void take_proof(struct lookup *lookup)
{
	const struct ask_proof *proof = &lookup->proof;

	if (proof->unproved.code) {
		lookup->from_ns = 0;
		lookup->from_error = proof->unproved;
	} else if (lookup->from_ns > 0 && proof->from_ns > lookup->from_ns) {
		lookup->from_ns = proof->from_ns;
	}
}

static int status_of(const struct lookup *lookup, struct error *error_r)
{
	bool nothing = lookup->logins == 0 && lookup->proof.unproved.code != 0;

	if (!nothing && (lookup->unrecorded == 0 || lookup->from_ns > 0))
		return lookup->logins > 0 ? EX_OK : EXIT_FAILURE;
	*error_r = lookup->from_error;
	(void)error_prefix(error_r, "%llu users have no record, which proves nothing",
			   (unsigned long long)lookup->unrecorded);
	return ask_status(-lookup->from_error.code);
}

static int answer(struct lookup *lookup, const struct plan *plan, struct error *error_r)
{
	struct roster *roster = NULL;
	int status, ret = ask_argp_fold_mask(&lookup->ask, plan, error_r);

	find_from(lookup, plan);
	lookup->plan = plan;
	if (ret == 0)
		ret = removed_read(&lookup->removed, plan_settings(plan)->state_dir, error_r);
	if (ret == 0)
		ret = roster_new(&roster, error_r);
	if (ret == 0)
		ret = ask(lookup, plan, roster, error_r);
	take_proof(lookup);
	if (ret < 0)
		status = ask_status(ret);
	else if (print(lookup, roster, error_r) < 0)
		status = EX_IOERR;
	else
		status = status_of(lookup, error_r);
	removed_release(&lookup->removed);
	roster_free(&roster);
	return status;
}

/* --- asking a running dovetap ----------------------------------------------------------------- */

static int ask_running(struct lookup *lookup, struct roster *roster, struct error *error_r)
{
	struct ask_control ask = {.socket = lookup->control,
				  .judged = (const char *const *)lookup->ask.judged};
	struct names names;
	int ret;

	names_init(&names, &lookup->ask.names);
	ret = ask_control_names(&ask, &names, roster, error_r);
	names_release(&names);
	lookup->now_ns = clock_wall_ns();
	lookup->from_ns = ask.since.from_ns;
	lookup->from_error = lookup->proof.unproved = ask.since.error;
	return ret;
}

static int answer_running(struct lookup *lookup, struct error *error_r)
{
	struct roster *roster = NULL;
	int status, ret = roster_new(&roster, error_r);

	if (ret == 0 && (lookup->all || lookup->history || lookup->ask.query.mask))
		ret = error_set(error_r, EACCES,
				"only root may ask for more than the last logins of users by name");
	if (ret == 0)
		ret = ask_running(lookup, roster, error_r);
	if (ret < 0)
		status = control_status(ret);
	else if (print(lookup, roster, error_r) < 0)
		status = EX_IOERR;
	else
		status = status_of(lookup, error_r);
	roster_free(&roster);
	return status;
}

/* Who may not read the stores, and names none, asks the dovetap that runs. */
static bool wants_running(struct lookup *lookup)
{
	const struct config_options *plan = &lookup->ask.plan;

	if (lookup->control)
		return true;
	if (plan->path || plan->dict || plan->key || plan->dovecot_config || plan->state_dir)
		return false;
	return control_find(NULL, NULL, &lookup->control, &lookup->from_error) == 0 &&
	       ask_control_wanted(lookup->control);
}

int cmd_lookup(int argc, char **argv)
{
	struct lookup lookup = {.all = false};
	struct plan *plan = NULL;
	struct error error = {0};
	int status;

	argp_parse(&argp, argc, argv, 0, NULL, &lookup);
	if (wants_running(&lookup))
		status = answer_running(&lookup, &error);
	else if (plan_new(&lookup.ask.plan, &plan, &error) < 0)
		status = EX_CONFIG;
	else if (lookup.history)
		status = answer_history(&lookup, plan, &error);
	else
		status = answer(&lookup, plan, &error);
	if (error.code)
		log_error("%s", error.text);
	ask_argp_release(&lookup.ask);
	plan_free(&plan);
	return status;
}
