/* SPDX-License-Identifier: MIT */
/* The collector's HTTP endpoints. */
#include <errno.h>
#include <grp.h>
#include <unistd.h>

#include "base/log.h"
#include "collector/collector_private.h"
#include "serve/http.h"
#include "stats/metrics_collect.h"
#include "stats/summary.h"

static struct metrics_source numbers(const struct collector *c)
{
	return (struct metrics_source){
		.pipeline = c->pipeline,
		.targets = &c->targets,
		.audit = c->audit,
		.failures = c->top.failures,
		.judge = c->judge,
		.ring = c->source,
		.counters = &c->counters,
		.ring_account = &c->ring_account,
		.probes = c->probes,
		.started_ns = c->started_ns,
		.attacher = getppid(), /* whose end is ours (priv/handover.h) */
		.landlock = c->landlock,
		.timeline = &c->timeline,
	};
}

static void collect_now(struct metrics *metrics, void *context)
{
	const struct metrics_source source = numbers(context);

	metrics_collect(&source, metrics);
}

static int summarize_now(struct buf *out, void *context)
{
	const struct metrics_source source = numbers(context);

	return summary(&source, out);
}

static int top_logins_page(struct buf *out, void *context)
{
	return top_logins_text(&((struct collector *)context)->top, out);
}

static int top_logins_json_page(struct buf *out, void *context)
{
	return top_logins_json(&((struct collector *)context)->top, out);
}

static int top_failures_page(struct buf *out, void *context)
{
	return top_failures_text(&((struct collector *)context)->top, out);
}

static int top_failures_json_page(struct buf *out, void *context)
{
	return top_failures_json(&((struct collector *)context)->top, out);
}

/* With user names and addresses: not for /metrics. */
static const struct http_page private_pages[] = {
	{"/top", "text/plain; charset=utf-8", top_logins_page},
	{"/top.json", "application/json", top_logins_json_page},
	{"/top/failures", "text/plain; charset=utf-8", top_failures_page},
	{"/top/failures.json", "application/json", top_failures_json_page},
	{NULL, NULL, NULL},
};

static const struct http_action private_actions[] = {
	{"/forget", true, false, collector_forget_begin},
	{"/forget", false, false, collector_forget_report},
	{"/lookup", false, true, collector_lookup_begin},
	{"/lookup/answer", false, true, collector_lookup_report},
	{NULL, false, false, NULL},
};

/* Where nobody has made such a group, all is for root alone. */
static void find_readers(const struct collector *c, struct http_config *config)
{
	const char *name = plan_settings(c->options->plan)->support_group;
	const struct group *group = name[0] ? getgrnam(name) : NULL;

	if (!group)
		return;
	config->readers = name;
	config->readers_gid = group->gr_gid;
}

static bool is_ready(void *context)
{
	return ((const struct collector *)context)->probes.initial_scan_done;
}

/*
 * Logins matter more than numbers: without the socket the collector works all the same. Unless
 * somebody answers there.
 */
static int open_one(struct collector *c, const char *address, const struct security_files *security,
		    const struct http_page *more, struct http **http_r, struct error *error_r)
{
	struct http_config config = {
		.listen = address,
		.security = security,
		.metrics_collect = collect_now,
		.summary = summarize_now,
		.ready = is_ready,
		.more = more,
		.actions = more ? private_actions : NULL,
		.context = c,
	};
	int ret = 0;

	if (more)
		find_readers(c, &config);
	if (address[0])
		ret = http_open(c->loop, &config, http_r, error_r);
	if (ret == -EADDRINUSE && address[0] == '/')
		return error_set(error_r, EADDRINUSE,
				 "another dovetap answers at %s; end that one, or give this one a "
				 "socket of its own",
				 address);
	if (ret < 0)
		log_warning("no status there: %s", error_r->text);
	return 0;
}

int collector_pages_open(struct collector *c, struct error *error_r)
{
	const struct slice *files = plan_metrics_files(c->options->plan);
	const struct security_files security = {
		.certificate = files[CONFIG_METRICS_CERT],
		.key = files[CONFIG_METRICS_KEY],
		.client_ca = files[CONFIG_METRICS_CLIENT_CA],
		.tokens = files[CONFIG_METRICS_TOKENS],
	};
	int ret = open_one(c, c->options->control, NULL, private_pages, &c->control, error_r);

	if (ret == 0)
		ret = open_one(c, plan_settings(c->options->plan)->metrics_listen, &security, NULL,
			       &c->metrics, error_r);
	return ret;
}
