/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <sysexits.h>

#include "attach/attacher.h"
#include "base/log.h"
#include "cli/cmds.h"
#include "cli/dirs.h"
#include "cli/instance.h"
#include "cli/reload.h"
#include "cli/roots.h"
#include "collector/collector.h"
#include "dovecot/layout_own.h"
#include "serve/notify.h"

#define ALL_TEXTS (DOVETAP_BIT(DOVETAP_TEXT_COUNT) - 1)

struct run_options {
	struct config_options config;
	struct plan *plan; /* what config comes to; replaced at SIGHUP */
	struct collector_options collector;
	const char *control; /* from the command line, as is pin */
	const char *pin;
	enum attach_method method;
	const char *user;
	struct roots roots;
	enum log_level level; /* at least, from the command line */
};

enum { OPTION_LIVE = 256, OPTION_RECORD, OPTION_ATTACH, OPTION_CONTROL, OPTION_PIN, OPTION_DEBUG };

static const struct argp_option options[] = {
	{"live", OPTION_LIVE, NULL, 0, "Print a line for every login recorded", 1},
	{"record", OPTION_RECORD, "FILE", 0, "Keep every event in FILE, for \"dovetap replay\"", 1},
	{"user", 'u', "NAME", 0, "User of the collector process (dovetap, else nobody)", 1},
	{"attach", OPTION_ATTACH, "auto|multi|perf", 0, "Kernel interface for the probes", 1},
	{"control", OPTION_CONTROL, "SOCKET", 0, "Where \"dovetap status\" asks (control_socket)",
	 1},
	{"pin", OPTION_PIN, "DIR", 0, "Directory in bpffs where ring and probes outlive this (pin)",
	 1},
	{"debug", OPTION_DEBUG, NULL, 0, "Say more", 1},
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
		return 0;
	case OPTION_LIVE:
		run->collector.live = true;
		return 0;
	case OPTION_RECORD:
		run->collector.record = arg;
		return 0;
	case 'u':
		run->user = arg;
		return 0;
	case OPTION_ATTACH:
		parse_method(arg, run, state);
		return 0;
	case OPTION_CONTROL:
		run->control = arg;
		return 0;
	case OPTION_PIN:
		run->pin = arg;
		return 0;
	case OPTION_DEBUG:
		run->level = LOG_LEVEL_DEBUG;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_child children[] = {
	{&plan_argp, 0, NULL, 0}, {&roots_argp, 0, NULL, 0}, {0}};
static const struct argp argp = {
	.options = options,
	.parser = parse,
	.children = children,
	.doc = "Watches Dovecot from outside and writes last-login records to a dict.\v"
	       "Without options, Dovecot's imap and pop3 logins go to the embedded SQLite dict in "
	       "/var/lib/dovetap. SIGHUP reads the configuration anew. SIGTERM and SIGINT end it, after what was captured is written.",
};

static void on_ready(void *context, unsigned int links)
{
	(void)context;
	log_info("ready: %u probe%s attached", links, links == 1 ? "" : "s");
	notify_ready(links);
}

static const char *user_of(const struct run_options *run)
{
	return run->user ? run->user : plan_settings(run->plan)->user;
}

static void use_log(const struct run_options *run)
{
	static const enum log_sink sinks[] = {
		[DOVETAP_LOG_STDERR] = LOG_SINK_STDERR,
		[DOVETAP_LOG_SYSLOG] = LOG_SINK_SYSLOG,
		[DOVETAP_LOG_JOURNAL] = LOG_SINK_JOURNAL,
	};
	const struct dovetap_settings *settings = plan_settings(run->plan);
	enum log_sink sink = sinks[settings->log];
	enum log_level level = (enum log_level)settings->log_level;

	log_init(sink == LOG_SINK_STDERR ? notify_log_sink() : sink,
		 run->level > level ? run->level : level, "dovetap");
}

static void use_plan(struct run_options *run)
{
	const char *trouble = plan_doveconf_error(run->plan);

	use_log(run);
	if (trouble)
		log_warning("doveconf did not read the server's file, dovetap's own parser did: %s",
			    trouble);
	run->collector.plan = run->plan;
	run->collector.control =
		run->control ? run->control : plan_settings(run->plan)->control_socket;
}

static int on_reload(void *context)
{
	struct run_options *run = context;
	struct error error;
	int ret;

	notify_reloading();
	ret = reload_plan(&run->config, user_of(run), &run->plan, &error);
	if (ret < 0)
		log_error("the old configuration stays: %s", error.text);
	else
		log_info("the configuration was read anew");
	use_plan(run);
	notify_reloaded();
	return ret;
}

static int start_collector(void *context, const struct collector_fds *fds)
{
	return collector_main(&((struct run_options *)context)->collector, fds);
}

/* Nothing is touched before it is sure that this process may attach, and that it is the only one.
 */
static int open_instance(const struct run_options *run, struct instance *instance,
			 struct error *error_r)
{
	const struct dovetap_settings *settings = plan_settings(run->plan);
	int ret = attacher_check_rights(run->method, error_r);

	*instance = (struct instance){.lock_fd = -1};
	if (ret == 0)
		ret = dirs_make(settings->state_dir, run->collector.control, user_of(run), error_r);
	if (ret == 0 && settings->audit_log[0] == '/')
		ret = dirs_make_for_file(settings->audit_log, user_of(run), error_r);
	if (ret == 0)
		ret = instance_open(instance, settings->state_dir,
				    run->pin ? run->pin : settings->pin, error_r);
	return ret;
}

static int run_attacher(struct run_options *run, struct error *error_r)
{
	const struct dovetap_settings *settings = plan_settings(run->plan);
	struct instance instance;
	struct attacher_options attacher_options = {
		.discover = roots_discover(&run->roots),
		.method = run->method,
		.ring_bytes = settings->ring_size,
		.wanted_texts = plan_wants_home(run->plan) ? ALL_TEXTS : 0,
		.user = user_of(run),
		.ready = on_ready,
		.reload = on_reload,
		.fd_stores = instance.list,
		.keep_fds = &instance.lock_fd,
		.keep_fd_count = 1,
	};
	struct attacher *attacher = NULL;
	int ret = open_instance(run, &instance, error_r);

	attacher_options.discover.fuse = settings->attach_fuse;
	attacher_options.fd_store_count = instance.count;
	run->collector.lock_fd = instance.lock_fd;
	if (ret == 0)
		ret = attacher_new(&attacher_options, &attacher, error_r);
	if (ret == 0)
		ret = attacher_run(attacher, start_collector, run, error_r);
	attacher_free(&attacher);
	instance_close(&instance);
	return ret;
}

static int exit_status(int ret)
{
	if (ret >= 0)
		return ret;
	if (ret == -EBUSY)
		return EX_UNAVAILABLE;
	if (ret == -ENOTSUP)
		return EX_CONFIG;
	return ret == -EPERM || ret == -EACCES ? EX_NOPERM : EX_OSERR;
}

int cmd_run(int argc, char **argv)
{
	struct run_options run = {.level = LOG_LEVEL_ERROR};
	struct error error = {0};
	int ret;

	argp_parse(&argp, argc, argv, 0, NULL, &run);
	log_init(notify_log_sink(), LOG_LEVEL_INFO, "dovetap");
	if (plan_new(&run.config, &run.plan, &error) < 0 || plan_load_audit(run.plan, &error) < 0 ||
	    layouts_own_load(plan_settings(run.plan)->layout_dir, &error) < 0) {
		log_error("%s", error.text);
		plan_free(&run.plan);
		return EX_CONFIG;
	}
	use_plan(&run);
	run.collector.watchdog_ns = notify_watchdog_ns();
	ret = run_attacher(&run, &error);
	if (ret < 0)
		log_error("%s", error.text);
	plan_free(&run.plan);
	layouts_own_unload();
	return exit_status(ret);
}
