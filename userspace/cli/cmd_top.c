/* SPDX-License-Identifier: MIT */
/* dovetap top: the last logins and failures of the running collector, from its control socket. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/log.h"
#include "cli/cmds.h"
#include "cli/control.h"
#include "cli/options.h"
#include "cli/report.h"
#include "cli/screen.h"

struct top_options {
	struct control_options control;
	bool failures, json;
	double interval; /* seconds */
};

static const struct argp_option options[] = {
	{"failures", 'f', NULL, 0, "Who fails to log in most often, by user and by network", 0},
	{"interval", 'i', "SECONDS", 0, "How often to look (1)", 0},
	{"json", 'j', NULL, 0, "Print JSON, once", 0},
	{0},
};

static double parse_interval(const char *arg, struct argp_state *state)
{
	char *end;
	double seconds = strtod(arg, &end);

	if (end == arg || *end != '\0' || !(seconds >= 0.1 && seconds <= 3600))
		argp_error(state, "--interval=%s: seconds, 0.1 to 3600", arg);
	return seconds;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct top_options *top = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &top->control;
		return 0;
	case 'f':
		top->failures = true;
		return 0;
	case 'i':
		top->interval = parse_interval(arg, state);
		return 0;
	case 'j':
		top->json = true;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_child children[] = {{&control_argp, 0, NULL, 0}, {0}};

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.children = children,
	.doc = "Shows the logins that the running collector sees, and how many there are; \"q\" "
	       "ends it. When standard output is no terminal, it prints what it would show, "
	       "once.\v"
	       "--failures counts in bounded memory: each user and network failed at least and at "
	       "most as often as printed, in this hour and the one before; nobody who is not listed "
	       "failed more often than \"all others\".",
};

static const char *page_of(const struct top_options *top)
{
	if (top->failures)
		return top->json ? "/top/failures.json" : "/top/failures";
	return top->json ? "/top.json" : "/top";
}

static int print_once(const struct top_options *top, struct buf *body, struct error *error_r)
{
	int ret = control_get(top->control.control, page_of(top), body, error_r);

	if (ret == 0) {
		(void)fputs(buf_str(body), stdout);
		ret = output_end(stdout, error_r);
	}
	return ret;
}

/* A collector that is started anew is waited for. */
static int watch(const struct top_options *top, struct buf *body, struct error *error_r)
{
	int ret = control_get(top->control.control, page_of(top), body, error_r);

	if (ret == 0)
		ret = screen_open(error_r);
	if (ret < 0)
		return ret;
	do {
		buf_reset(body);
		ret = control_get(top->control.control, page_of(top), body, error_r);
		screen_show(ret < 0 ? error_r->text : buf_str(body));
	} while (!screen_wait((int)(top->interval * 1000)));
	screen_close();
	return 0;
}

static int show(const struct top_options *top, struct error *error_r)
{
	bool terminal = !top->json && isatty(STDOUT_FILENO) && isatty(STDIN_FILENO);
	struct buf body;
	int ret;

	buf_init(&body, CONTROL_ANSWER_MAX);
	ret = (terminal ? watch : print_once)(top, &body, error_r);
	buf_release(&body);
	if (ret == 0)
		return EX_OK;
	return ferror(stdout) ? EX_IOERR : control_status(ret);
}

int cmd_top(int argc, char **argv)
{
	struct top_options top = {.interval = 1};
	struct error error = {0};
	int status = EX_CONFIG;

	argp_parse(&argp, argc, argv, 0, NULL, &top);
	if (control_find(top.control.control, top.control.config, &top.control.control, &error) ==
	    0)
		status = show(&top, &error);
	if (error.code)
		log_error("%s", error.text);
	return status;
}
