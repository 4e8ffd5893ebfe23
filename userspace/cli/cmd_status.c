/* SPDX-License-Identifier: MIT */
/* dovetap status: the counters of the running collector, from its control socket. */
#include <errno.h>
#include <stdio.h>
#include <sysexits.h>

#include "base/buf.h"
#include "base/log.h"
#include "cli/cmds.h"
#include "cli/control.h"
#include "cli/options.h"
#include "cli/report.h"
#include "cli/status_check.h"

struct status_options {
	struct control_options control;
	const char *page;
	bool check;
};

enum { OPTION_PROMETHEUS = 256, OPTION_READY };

static const struct argp_option options[] = {
	{"check", OPTION_FLAG(struct status_options, check), NULL, 0,
	 "Print one line; exit with 0, 1 (warning), 2 (critical), as Nagios' plugins do", 0},
	{"json", 'j', NULL, 0, "Print every counter, as JSON", 0},
	{"prometheus", OPTION_PROMETHEUS, NULL, 0,
	 "Print every counter, in Prometheus' text format", 0},
	{"ready", OPTION_READY, NULL, 0, "Only check whether it is ready, for probes", 0},
	{0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct status_options *status = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &status->control;
		return 0;
	case 'j':
		status->page = "/status";
		return 0;
	case OPTION_PROMETHEUS:
		status->page = "/metrics";
		return 0;
	case OPTION_READY:
		status->page = "/readyz";
		return 0;
	default:
		return option_take(key, arg, state);
	}
}

static const struct argp_child children[] = {{&control_argp, 0, NULL, 0}, {0}};

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.children = children,
	.doc = "Prints where the logins went that the running collector has seen, and whether that "
	       "adds up.",
};

/* These return exit statuses. */

static int show(const struct status_options *status, struct error *error_r)
{
	struct buf body;
	int code, ret;

	buf_init(&body, CONTROL_ANSWER_MAX);
	ret = control_get(status->control.control, status->page, &body, error_r);
	code = control_status(ret);
	if (ret == 0) {
		(void)fputs(buf_str(&body), stdout);
		code = output_end(stdout, error_r) < 0 ? EX_IOERR : EX_OK;
	}
	buf_release(&body);
	return code;
}

static enum status_verdict look(const struct status_options *status, struct buf *line)
{
	struct buf metrics, page;
	enum status_verdict verdict;
	struct error error;
	bool ready;
	int ret;

	buf_init(&metrics, CONTROL_ANSWER_MAX);
	buf_init(&page, CONTROL_ANSWER_MAX);
	ready = control_get(status->control.control, "/readyz", &page, NULL) == 0;
	ret = control_get(status->control.control, "/metrics", &metrics, &error);
	if (ret < 0)
		verdict = status_check_failed(ret == -EACCES ? STATUS_UNKNOWN : STATUS_CRITICAL,
					      error.text, line);
	else
		verdict = status_check(buf_str(&metrics), ready, line);
	buf_release(&metrics);
	buf_release(&page);
	return verdict;
}

/* Nagios knows four statuses: all that goes wrong with the asking is the fourth. */
static int check(const struct status_options *status, const struct error *wrong,
		 struct error *error_r)
{
	enum status_verdict verdict;
	struct buf line;

	buf_init(&line, CONTROL_ANSWER_MAX);
	verdict = wrong->code ? status_check_failed(STATUS_UNKNOWN, wrong->text, &line)
			      : look(status, &line);
	(void)fputs(buf_str(&line), stdout);
	if (output_end(stdout, error_r) < 0)
		verdict = STATUS_UNKNOWN;
	buf_release(&line);
	return (int)verdict;
}

int cmd_status(int argc, char **argv)
{
	struct status_options status = {.page = "/summary"};
	struct error wrong = {0}, error = {0};
	int code = EX_CONFIG;

	argp_parse(&argp, argc, argv, 0, NULL, &status);
	(void)control_find(status.control.control, status.control.config, &status.control.control,
			   &wrong);
	if (status.check)
		code = check(&status, &wrong, &error);
	else if (wrong.code)
		error = wrong;
	else
		code = show(&status, &error);
	if (error.code)
		log_error("%s", error.text);
	return code;
}
