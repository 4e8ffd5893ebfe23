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

static int show(const struct status_options *status, struct error *error_r)
{
	struct buf body;
	int ret;

	buf_init(&body, CONTROL_ANSWER_MAX);
	ret = control_get(status->control.control, status->page, &body, error_r);
	if (ret == 0) {
		(void)fputs(buf_str(&body), stdout);
		ret = output_end(stdout, error_r);
	}
	buf_release(&body);
	return ret;
}

static int check(const struct status_options *status)
{
	struct buf metrics, page, line;
	enum status_verdict verdict;
	struct error error;
	bool ready;

	buf_init(&metrics, CONTROL_ANSWER_MAX);
	buf_init(&page, CONTROL_ANSWER_MAX);
	buf_init(&line, CONTROL_ANSWER_MAX);
	ready = control_get(status->control.control, "/readyz", &page, NULL) == 0;
	if (control_get(status->control.control, "/metrics", &metrics, &error) < 0)
		verdict = status_check_failed(error.text, &line);
	else
		verdict = status_check(buf_str(&metrics), ready, &line);
	(void)fputs(buf_str(&line), stdout);
	if (output_end(stdout, &error) < 0)
		verdict = STATUS_UNKNOWN;
	buf_release(&metrics);
	buf_release(&page);
	buf_release(&line);
	return (int)verdict;
}

int cmd_status(int argc, char **argv)
{
	struct status_options status = {.page = "/summary"};
	struct error error = {0};

	argp_parse(&argp, argc, argv, 0, NULL, &status);
	if (!status.control.control)
		status.control.control = control_of_config(status.control.config);
	if (status.check)
		return check(&status);
	if (show(&status, &error) == 0)
		return EX_OK;
	log_error("%s", error.text);
	return error.code == EIO || error.code == ENOSPC || error.code == EPIPE ? EX_IOERR
										: EX_UNAVAILABLE;
}
