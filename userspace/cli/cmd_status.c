/* SPDX-License-Identifier: MIT */
/* dovetap status: the counters of the running collector, from its control socket. */
#include <errno.h>
#include <stdio.h>
#include <sysexits.h>

#include "base/buf.h"
#include "base/log.h"
#include "cli/cmds.h"
#include "cli/control.h"

struct status_options {
	const char *control;
	const char *page;
};

enum { OPTION_CONTROL = 256, OPTION_PROMETHEUS, OPTION_READY };

static const struct argp_option options[] = {
	{"control", OPTION_CONTROL, "SOCKET", 0,
	 "Where the collector answers (" CONTROL_DEFAULT ")", 0},
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
	case OPTION_CONTROL:
		status->control = arg;
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
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.doc = "Prints where the logins went that the running collector has seen, and whether that "
	       "adds up.",
};

static int show(const struct status_options *status, struct error *error_r)
{
	struct buf body;
	int ret;

	buf_init(&body, CONTROL_ANSWER_MAX);
	ret = control_get(status->control, status->page, &body, error_r);
	if (ret == 0 && fputs(buf_str(&body), stdout) < 0)
		ret = error_set(error_r, EIO, "output: %m");
	buf_release(&body);
	return ret;
}

int cmd_status(int argc, char **argv)
{
	struct status_options status = {.control = CONTROL_DEFAULT, .page = "/summary"};
	struct error error = {0};

	argp_parse(&argp, argc, argv, 0, NULL, &status);
	if (show(&status, &error) == 0)
		return EX_OK;
	log_error("%s", error.text);
	return EX_UNAVAILABLE;
}
