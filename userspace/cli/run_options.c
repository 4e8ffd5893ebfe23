/* SPDX-License-Identifier: MIT */
#include "cli/run_options.h"

#include <argp.h>

#include "cli/cmds.h"
#include "cli/options.h"
#include "priv/notify.h"

enum { OPTION_ATTACH = 256, OPTION_DEBUG };

static const struct argp_option options[] = {
	{"live", OPTION_FLAG(struct run_options, live), NULL, 0,
	 "Print a line for every login recorded", 1},
	{"record", OPTION_WORD(struct run_options, record), "FILE", 0,
	 "Keep every event in FILE, for \"dovetap replay\"", 1},
	{"user", 'u', "NAME", 0, "User of the collector process (dovetap, else nobody)", 1},
	{"attach", OPTION_ATTACH, "auto|multi|perf", 0, "Kernel interface for the probes", 1},
	{"control", OPTION_WORD(struct run_options, control), "SOCKET", 0,
	 "Where \"dovetap status\" asks (control_socket)", 1},
	{"pin", OPTION_WORD(struct run_options, pin), "DIR", 0,
	 "Directory in bpffs where ring and probes outlive this (pin)", 1},
	{"debug", OPTION_DEBUG, NULL, 0, "Log debug messages", 1},
	{0},
};

static const struct {
	const char *name;
	enum attach_method method;
} methods[] = {{"auto", ATTACH_AUTO}, {"multi", ATTACH_MULTI}, {"perf", ATTACH_PERF}};

static void parse_method(const char *arg, struct run_options *run, struct argp_state *state)
{
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		if (strcmp(arg, methods[i].name) == 0) {
			run->method = methods[i].method;
			return;
		}
	}
	argp_error(state, "--attach=%s: one of auto, multi, perf", arg);
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct run_options *run = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &run->config;
		state->child_inputs[1] = &run->roots;
		run->config.roots = run->roots.dirs;
		return 0;
	case 'u':
		run->user = arg;
		return 0;
	case OPTION_ATTACH:
		parse_method(arg, run, state);
		return 0;
	case OPTION_DEBUG:
		run->level = LOG_LEVEL_DEBUG;
		return 0;
	default:
		return option_take(key, arg, state);
	}
}

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.children = plan_roots_children,
	.doc = "Watches Dovecot from outside and writes last-login records to a dict.\v"
	       "Without options, Dovecot's imap and pop3 logins go to the embedded SQLite dict in "
	       "/var/lib/dovetap. SIGHUP reads the configuration anew. SIGTERM and SIGINT end it, after what was captured is written.",
};

void run_options_parse(int argc, char **argv, struct run_options *run_r)
{
	*run_r = (struct run_options){.level = LOG_LEVEL_ERROR};
	argp_parse(&argp, argc, argv, 0, NULL, run_r);
}

const char *run_options_control(const struct run_options *run, const struct plan *plan)
{
	return run->control ? run->control : plan_settings(plan)->control_socket;
}

const char *run_options_user(const struct run_options *run, const struct plan *plan)
{
	return run->user ? run->user : plan_settings(plan)->user;
}

const char *run_options_pin(const struct run_options *run, const struct plan *plan)
{
	return run->pin ? run->pin : plan_settings(plan)->pin;
}

enum log_level run_options_level(const struct run_options *run, const struct plan *plan)
{
	enum log_level level = (enum log_level)plan_settings(plan)->log_level;

	return run->level > level ? run->level : level;
}

enum log_sink run_options_sink(const struct plan *plan)
{
	static const enum log_sink sinks[] = {
		[DOVETAP_LOG_STDERR] = LOG_SINK_STDERR,
		[DOVETAP_LOG_SYSLOG] = LOG_SINK_SYSLOG,
		[DOVETAP_LOG_JOURNAL] = LOG_SINK_JOURNAL,
	};
	enum log_sink sink = sinks[plan_settings(plan)->log];

	return sink == LOG_SINK_STDERR ? notify_log_sink() : sink;
}

void run_options_log(const struct run_options *run, const struct plan *plan)
{
	log_init(run_options_sink(plan), run_options_level(run, plan), "dovetap");
}
