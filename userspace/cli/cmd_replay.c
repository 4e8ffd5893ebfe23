/* SPDX-License-Identifier: MIT */
/* dovetap replay: recorded events through the same pipeline as live ones. Needs no rights. */
#include <errno.h>
#include <inttypes.h>
#include <sysexits.h>

#include "base/log.h"
#include "capture/decode.h"
#include "capture/replay.h"
#include "cli/as_collector.h"
#include "cli/cmds.h"
#include "cli/options.h"
#include "login/login_json.h"
#include "pipeline/pipeline.h"
#include "pipeline/targets.h"

#define DRAIN_NS (60 * NS_PER_SEC)

struct replay_options {
	struct config_options plan;
	const char *file;
	bool json, audit;
};

static const struct argp_option options[] = {
	{"json", 'j', NULL, 0, "Print one JSON object for every event and write nothing", 1},
	{"audit", OPTION_FLAG(struct replay_options, audit), NULL, 0,
	 "Print the audit stream, as the settings want it, and write nothing", 1},
	{0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct replay_options *replay = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &replay->plan;
		return 0;
	case 'j':
		replay->json = true;
		return 0;
	case ARGP_KEY_ARG:
		if (state->arg_num > 0)
			argp_error(state, "one FILE at a time");
		replay->file = arg;
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "FILE is missing");
		return 0;
	default:
		return option_take(key, arg, state);
	}
}

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.children = plan_argp_children,
	.args_doc = "FILE",
	.doc = "Puts the events of FILE (dovetap run --record) through the pipeline. Needs no rights.",
};

static int print_event(struct slice record, const struct clock_offset *offset, struct buf *line,
		       struct error *error_r)
{
	struct login login;
	int ret = decode_event(record, &login, error_r);

	if (ret < 0)
		return ret;
	login.time_ns = clock_to_wall(offset, login.boot_ns);
	buf_reset(line);
	ret = login_json(line, &login);
	if (ret < 0)
		return error_set(error_r, -ret, "%s",
				 ret == -ENOMEM ? "out of memory" : "an event does not fit a line");
	return puts(buf_str(line)) < 0 ? error_set(error_r, errno, "standard output: %m") : 0;
}

static int print_events(struct event_source *source, const struct clock_offset *offset,
			struct error *error_r)
{
	struct slice record;
	uint64_t position;
	struct buf line;
	int ret;

	buf_init(&line, REPLAY_EVENT_MAX);
	while ((ret = source->ops->peek(source, &record, &position, error_r)) > 0) {
		ret = print_event(record, offset, &line, error_r);
		if (ret < 0)
			break;
	}
	buf_release(&line);
	return ret == -ENODATA ? 0 : ret;
}

static int record_nothing(const struct login_event *event, enum deliver_purpose purpose,
			  void *context)
{
	(void)event;
	(void)purpose;
	(void)context;
	return -1;
}

struct audit_printer {
	const struct audit_config *config;
	struct buf line;
	uint64_t lost; /* had no room in it */
};

static void print_audit(const struct login_event *event, int route, void *context)
{
	struct audit_printer *printer = context;
	struct audit_record record;

	(void)route;
	if (!(printer->config->events & 1U << event->kind))
		return;
	audit_record_make(&printer->config->policy, event, &record);
	buf_reset(&printer->line);
	if (audit_record_json(&record, &printer->line) == 0)
		(void)puts(buf_str(&printer->line));
	else
		printer->lost++;
}

static void warn_of_losses(const struct pipeline *pipeline)
{
	const struct pipeline_stats *stats = pipeline_stats(pipeline);
	const struct deliver_stats *delivered = pipeline_delivered(pipeline);
	uint64_t lost =
		stats->undecodable + stats->other_version + stats->mixed + delivered->unexpandable;

	if (lost > 0)
		log_warning("%" PRIu64 " of %" PRIu64 " events gave no record: %s", lost,
			    stats->events,
			    stats->last_error.code ? stats->last_error.text
						   : delivered->last_error.text);
}

static int write_events(struct targets *targets, struct geo *geo, struct event_source *source,
			const struct clock_offset *offset, struct error *error_r)
{
	struct timeline timeline;
	struct pipeline_config config = {
		.source = source,
		.timeline = &timeline,
		.now_boot_ns = INT64_MAX,
		.geo = geo,
		.deliver = targets_describe(targets),
	};
	struct pipeline *pipeline;
	int ret;

	timeline_init(&timeline, offset);
	ret = pipeline_new(&config, &pipeline, error_r);
	if (ret < 0)
		return ret;
	ret = pipeline_drain(pipeline, error_r);
	warn_of_losses(pipeline);
	pipeline_free(&pipeline);
	return ret == -ENODATA ? 0 : ret;
}

static int print_audit_stream(struct plan *plan, struct geo *geo, struct event_source *source,
			      const struct clock_offset *offset, struct error *error_r)
{
	struct timeline timeline;
	struct audit_printer printer = {.config = plan_audit_policy(plan)};
	const struct pipeline_config config = {
		.source = source,
		.timeline = &timeline,
		.now_boot_ns = INT64_MAX,
		.geo = geo,
		.deliver.match = record_nothing,
		.observe = print_audit,
		.context = &printer,
	};
	struct pipeline *pipeline;
	int ret;

	if (plan_load_audit(plan, error_r) < 0)
		return -EINVAL;
	timeline_init(&timeline, offset);
	ret = pipeline_new(&config, &pipeline, error_r);
	if (ret < 0)
		return ret;
	buf_init(&printer.line, (size_t)8 * REPLAY_EVENT_MAX);
	ret = pipeline_drain(pipeline, error_r);
	warn_of_losses(pipeline);
	pipeline_free(&pipeline);
	buf_release(&printer.line);
	if (ret == -ENODATA && printer.lost > 0)
		return error_set(error_r, ENOMEM, "out of memory for %" PRIu64 " records",
				 printer.lost);
	return ret == -ENODATA ? 0 : ret;
}

static int replay_into(const struct plan *plan, struct geo *geo, struct event_source *source,
		       const struct clock_offset *offset, struct error *error_r)
{
	const struct targets_options memory_only = {.spool = false};
	struct targets targets;
	int ret = as_collector_in_its_files(plan, error_r);

	if (ret == 0)
		ret = targets_open(&targets, plan, &memory_only, error_r);
	if (ret < 0)
		return ret;
	ret = write_events(&targets, geo, source, offset, error_r);
	if (ret == 0)
		ret = targets_drain(&targets, clock_monotonic_ns() + DRAIN_NS, error_r);
	if (ret == 0)
		ret = targets_lost(&targets, error_r);
	if (ret == 0)
		ret = targets_refused(&targets, error_r);
	targets_close(&targets);
	return ret;
}

static int exit_status(int ret)
{
	switch (ret) {
	case 0:
		return EX_OK;
	case -EINVAL:
	case -EOPNOTSUPP:
		return EX_CONFIG;
	case -EPROTO:
	case -EBADMSG:
	case -EILSEQ:
		return EX_DATAERR;
	case -ENOENT:
		return EX_NOINPUT;
	default:
		return EX_IOERR;
	}
}

static int replay_file(const struct replay_options *replay, struct event_source *source,
		       const struct clock_offset *offset, struct error *error_r)
{
	struct geo *geo = NULL;
	struct plan *plan;
	int ret;

	if (replay->json)
		return print_events(source, offset, error_r);
	if (plan_new(&replay->plan, &plan, error_r) < 0)
		return -EINVAL;
	ret = plan_open_geo(plan, &geo, error_r) < 0 ? -EINVAL : 0;
	if (ret == 0)
		ret = replay->audit ? print_audit_stream(plan, geo, source, offset, error_r)
				    : replay_into(plan, geo, source, offset, error_r);
	geo_free(&geo);
	plan_free(&plan);
	return ret;
}

int cmd_replay(int argc, char **argv)
{
	struct replay_options replay = {0};
	struct event_source *source;
	struct clock_offset offset;
	struct error error = {0};
	int ret;

	argp_parse(&argp, argc, argv, 0, NULL, &replay);
	ret = replay_open(replay.file, &source, &offset, &error);
	if (ret == 0) {
		ret = replay_file(&replay, source, &offset, &error);
		source->ops->close(source);
	}
	if (ret < 0)
		log_error("%s", error.text);
	return exit_status(ret);
}
