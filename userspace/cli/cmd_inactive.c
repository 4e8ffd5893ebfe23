/* SPDX-License-Identifier: MIT */
/* dovetap inactive: the users who have not logged in for so long. */
#include <errno.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "cli/ask.h"
#include "cli/ask_argp.h"
#include "cli/cmds.h"
#include "cli/older.h"
#include "cli/since_when.h"
#include "pipeline/removed.h"
#include "plan/plan_recording.h"

#define MEASURED_ROWS 1000 /* of a table, for the widths of its columns */

struct inactive {
	struct ask_argp ask;
	int64_t older_ns;
	int64_t now_ns, from_ns;
	struct ask_proof proof;
	const struct plan *plan;
	struct removed removed;
	uint64_t forgotten; /* who was left out */
	struct report report;
	uint64_t rows;
};

enum { OPTION_OLDER = 256 };

static const struct argp_option options[] = {
	{"older", OPTION_OLDER, "TIME", 0, "Whose last login is older, such as 90d; required", 1},
	{0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct inactive *inactive = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &inactive->ask;
		return 0;
	case OPTION_OLDER:
		inactive->older_ns = older_parse(arg, state);
		return 0;
	case ARGP_KEY_ARGS:
		ask_argp_take_words(&inactive->ask, state);
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
	.children = ask_argp_children,
	.args_doc = "[USER...|-|MASK]",
	.doc = "Prints the users who have not logged in for so long, by any service, in any dict, "
	       "with their last login and the last delivery of mail.\v"
	       "Without a USER, those that the dicts can list: embedded SQLite, SQL and Cassandra, "
	       "all of them or those of a MASK such as '*@example.com'. With USERs, by name, from "
	       "a file or from standard input (\"doveadm user '*' | dovetap inactive --older 365d "
	       "-\"), those of them, also who never logged in. Exits with 1 when there is nobody, "
	       "with 3 when logins are not recorded for so long yet.",
};

/* --- when ------------------------------------------------------------------------------------- */

static void from_text(const struct inactive *inactive, char text[64])
{
	struct buf out;

	buf_init(&out, 63);
	report_append_time(&out, inactive->from_ns, 0);
	(void)snprintf(text, 64, "%s", buf_str(&out));
	buf_release(&out);
}

static bool is_too_early(const struct inactive *inactive)
{
	return inactive->from_ns > inactive->now_ns - inactive->older_ns;
}

static int too_early(const struct inactive *inactive, struct error *error_r)
{
	char text[64];

	from_text(inactive, text);
	return error_set(error_r, ETIME,
			 "logins are recorded since %s: who has not logged in for longer than that "
			 "is not known. Where another program has recorded them before in the same "
			 "place, give the time by --since",
			 text);
}

static int find_from(struct inactive *inactive, const struct plan *plan, struct error *error_r)
{
	int ret = 0;

	inactive->now_ns = clock_wall_ns();
	inactive->from_ns = inactive->ask.since_ns;
	if (inactive->from_ns == 0)
		ret = since_when(plan, inactive->ask.judged, &inactive->from_ns, error_r);
	if (ret == 0 && is_too_early(inactive))
		ret = too_early(inactive, error_r);
	return ret;
}

/* What the stores themselves keep is known once they were asked. */
static int check_proof(struct inactive *inactive, struct error *error_r)
{
	const struct ask_proof *proof = &inactive->proof;
	int ret = ask_unproved(proof, error_r);
	char text[64];

	if (ret < 0)
		return ret;
	if (proof->from_ns <= inactive->from_ns)
		return 0;
	inactive->from_ns = proof->from_ns;
	if (!is_too_early(inactive))
		return 0;
	from_text(inactive, text);
	return error_set(error_r, ETIME,
			 "logins are known since %s (%s): who has not logged in for longer than "
			 "that is not known",
			 text, proof->from_text);
}

/* --- printing --------------------------------------------------------------------------------- */

#define LAST_DELIVERY 5

static struct report_column columns[] = {
	{"USER", "user", NULL},
	{"LAST LOGIN", "last_login", "never"},
	{"AGE", "age_seconds", "-"},
	{"SERVICE", "service", "-"},
	{"REMOTE IP", "remote_ip", "-"},
	{"LAST DELIVERY", "last_delivery", "-"},
	{NULL, "delivery_service", NULL},
	{NULL, "recorded_since", NULL},
	{NULL, NULL, NULL},
};

static int on_recording(const struct plan_recording *recording, void *context)
{
	const struct inactive *inactive = context;

	return strcmp(recording->service, "*") == 0 ||
	       service_class_of(slice_str(recording->service), inactive->ask.judged) ==
		       SERVICE_DELIVERY;
}

/* "-" would be taken for "no mail has arrived". */
static void name_deliveries(struct inactive *inactive)
{
	if (plan_each_recording(inactive->plan, on_recording, inactive) == 0)
		columns[LAST_DELIVERY].none = "not recorded";
}

static struct report_cell time_cell(const struct roster_seen *seen)
{
	if (seen->time_ns < 0)
		return (struct report_cell){.kind = REPORT_NONE};
	return (struct report_cell){
		.kind = REPORT_TIME, .ns = seen->time_ns, .decimals = report_decimals(seen->value)};
}

static struct report_cell text_cell(struct slice text)
{
	return (struct report_cell){.kind = text.len > 0 ? REPORT_TEXT : REPORT_NONE, .text = text};
}

/* Since when it is known of that person: who was forgotten since then has begun anew. */
static int64_t since_of(const struct inactive *inactive, const struct roster_person *person)
{
	int64_t forgotten_ns = removed_user(&inactive->removed, inactive->plan, person->user);

	return forgotten_ns > inactive->from_ns &&
			       forgotten_ns > person->seen[SERVICE_LOGIN].time_ns
		       ? forgotten_ns
		       : inactive->from_ns;
}

static bool is_known(const struct inactive *inactive, const struct roster_person *person)
{
	return since_of(inactive, person) <= inactive->now_ns - inactive->older_ns;
}

static void fill(const struct inactive *inactive, const struct roster_person *person,
		 struct report_cell cells[])
{
	const struct roster_seen *login = &person->seen[SERVICE_LOGIN];
	const struct roster_seen *delivery = &person->seen[SERVICE_DELIVERY];

	cells[0] = (struct report_cell){.kind = REPORT_TEXT, .text = person->user};
	cells[1] = time_cell(login);
	cells[2] = (struct report_cell){.kind = login->time_ns < 0 ? REPORT_NONE : REPORT_AGE,
					.ns = inactive->now_ns - login->time_ns};
	cells[3] = text_cell(login->service);
	cells[4] = text_cell(login->remote_ip);
	cells[5] = time_cell(delivery);
	cells[6] = text_cell(delivery->service);
	cells[7] = (struct report_cell){.kind = REPORT_TIME, .ns = since_of(inactive, person)};
}

static int measure(const struct roster_person *person, void *context)
{
	struct report_cell cells[REPORT_COLUMNS_MAX];
	struct inactive *inactive = context;

	if (!is_known(inactive, person))
		return 0;
	fill(inactive, person, cells);
	report_measure(&inactive->report, cells);
	return ++inactive->rows == MEASURED_ROWS;
}

static int print_person(const struct roster_person *person, void *context)
{
	struct report_cell cells[REPORT_COLUMNS_MAX];
	struct inactive *inactive = context;

	if (!is_known(inactive, person)) {
		inactive->forgotten++;
		return 0;
	}
	fill(inactive, person, cells);
	report_row(&inactive->report, cells);
	inactive->rows++;
	return ferror(inactive->report.to);
}

/* As wtmp ends what last(1) prints. */
static void print_since(const struct inactive *inactive)
{
	struct buf out;

	buf_init(&out, 256);
	report_append_time(&out, inactive->from_ns, 0);
	(void)printf("\nlogins are recorded since %s: \"never\" is never since then\n",
		     buf_str(&out));
	buf_release(&out);
}

static int nobody(const struct inactive *inactive)
{
	return inactive->forgotten > 0 ? EXIT_TOO_EARLY : EXIT_FAILURE;
}

static void log_forgotten(const struct inactive *inactive)
{
	if (inactive->forgotten > 0)
		log_warning(
			"%llu users are left out: they were forgotten (\"dovetap forget\") within "
			"that time, and when they logged in before is not known",
			(unsigned long long)inactive->forgotten);
}

static int print(struct inactive *inactive, struct roster *roster, struct error *error_r)
{
	struct roster_query query = inactive->ask.query;
	struct report *report = &inactive->report;
	int ret = 0;

	query.older_than_ns = inactive->now_ns - inactive->older_ns;
	name_deliveries(inactive);
	report_init(report, inactive->ask.form, columns, stdout);
	if (report->form == REPORT_TABLE)
		ret = roster_each_person(roster, &query, measure, inactive, error_r);
	inactive->rows = 0;
	report_begin(report);
	if (ret == 0)
		ret = roster_each_person(roster, &query, print_person, inactive, error_r);
	if (ret == 0 && report->form == REPORT_TABLE)
		print_since(inactive);
	if (ret == 0)
		ret = report_end(report, error_r);
	report_release(report);
	return ret;
}

/* --- asking ----------------------------------------------------------------------------------- */

static int ask(struct inactive *inactive, const struct plan *plan, struct roster *roster,
	       struct error *error_r)
{
	const struct ask_options ask_options = {
		.plan = plan,
		.judged = inactive->ask.judged,
		.timeout_ns = inactive->ask.timeout_ns,
		.mask = inactive->ask.query.mask,
		.older_than_ns = inactive->now_ns - inactive->older_ns,
		.proof = &inactive->proof,
		.progress = isatty(STDERR_FILENO) == 1,
	};
	struct names names;
	int ret;

	if (!ask_argp_has_names(&inactive->ask)) {
		ret = ask_everyone(&ask_options, roster, error_r);
	} else {
		names_init(&names, &inactive->ask.names);
		ret = ask_names(&ask_options, &names, roster, error_r);
		names_release(&names);
	}
	return ret < 0 ? ret : check_proof(inactive, error_r);
}

static int answer(struct inactive *inactive, const struct plan *plan, struct error *error_r)
{
	struct roster *roster = NULL;
	int status = EX_OK, ret = plan_load_modules(plan, error_r);

	inactive->plan = plan;
	if (ret == 0)
		ret = find_from(inactive, plan, error_r);
	if (ret == 0)
		ret = ask_argp_fold_mask(&inactive->ask, plan, error_r);
	if (ret == 0)
		ret = removed_read(&inactive->removed, plan_settings(plan)->state_dir, error_r);
	if (ret == 0)
		ret = roster_new(&roster, error_r);
	if (ret == 0)
		ret = ask(inactive, plan, roster, error_r);
	if (ret < 0)
		status = ret == -ETIME ? EXIT_TOO_EARLY : ask_status(ret);
	else if (print(inactive, roster, error_r) < 0)
		status = EX_IOERR;
	else if (inactive->rows == 0)
		status = nobody(inactive);
	log_forgotten(inactive);
	removed_release(&inactive->removed);
	roster_free(&roster);
	return status;
}

int cmd_inactive(int argc, char **argv)
{
	struct inactive inactive = {.older_ns = 0};
	struct plan *plan = NULL;
	struct error error = {0};
	int status;

	argp_parse(&argp, argc, argv, 0, NULL, &inactive);
	status = plan_new(&inactive.ask.plan, &plan, &error) < 0 ? EX_CONFIG
								 : answer(&inactive, plan, &error);
	if (error.code)
		log_error("%s", error.text);
	ask_argp_release(&inactive.ask);
	plan_free(&plan);
	return status;
}
