/* SPDX-License-Identifier: MIT */
/* What a login passes in the collector, from the rings to the dicts: opened in order, closed at the
 * end. */
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "capture/ring.h"
#include "capture/rings.h"
#include "collector/collector_private.h"
#include "login/login_json.h"

static void print_live(struct collector *c, struct login login)
{
	const struct ip_mask mask = plan_mask(plan_settings(c->options->plan)->mask_ip);

	ip_mask_apply(&mask, &login.remote_ip);
	buf_reset(&c->line);
	if (login_line(&c->line, &login) == 0) {
		(void)puts(buf_str(&c->line));
		(void)fflush(stdout);
	}
}

/* Everything that is known of logins passes here. */
static void observe(const struct login_event *event, int route, void *context)
{
	struct collector *c = context;

	audit_event(c->audit, event);
	top_note(&c->top, event);
	if (c->options->live && route >= 0)
		print_live(c, event->login);
}

static void record(struct slice bytes, void *context)
{
	struct collector *c = context;
	struct error error;

	if (c->recorder && recorder_write(c->recorder, bytes, &error) < 0) {
		log_error("%s: %s; recording ends here", c->options->record, error.text);
		(void)recorder_close(&c->recorder, NULL);
	}
}

static struct ledger_block *pipeline_block(const struct collector *c)
{
	return ledger_block(&c->ledger, "pipeline");
}

static int open_targets(struct collector *c, struct error *error_r)
{
	const struct targets_options options = {
		.ack_fd = c->ack_fd,
		.ledger = c->ledger.area ? &c->ledger : NULL,
		.exposures = pipeline_exposures(pipeline_block(c), c->source),
		.spool = true,
	};

	return targets_open(&c->targets, c->options->plan, &options, error_r);
}

static int open_pipeline(struct collector *c, struct error *error_r)
{
	struct pipeline_config config = {
		.source = c->source,
		.ledger = pipeline_block(c),
		.timeline = &c->timeline,
		.deliver = targets_describe(&c->targets),
		.forgotten = &c->forgotten,
		.observe = observe,
		.record = record,
		.context = c,
		.judge = c->judge,
		.origins = c->origins,
		.enrich = c->enrich,
		.geo = c->geo,
	};

	return pipeline_new(&config, &c->pipeline, error_r);
}

static int open_origins(struct collector *c, struct error *error_r)
{
	const struct dovetap_settings *settings = plan_settings(c->options->plan);
	struct origin_policy policy = {
		.require_proof = settings->require_proof,
		.masters = (enum origin_masters)settings->masters,
	};
	struct stat st;

	if (stat("/proc/self/ns/pid", &st) == 0)
		policy.pid_ns = (uint32_t)st.st_ino;
	return origins_new(&policy, &c->origins, error_r);
}

static void on_cgroups(struct loop *loop, void *context)
{
	(void)loop;
	enrich_refresh(((struct collector *)context)->enrich);
}

static int open_enrich(struct collector *c, struct error *error_r)
{
	int ret;

	if (!plan_wants_container(c->options->plan))
		return 0;
	ret = enrich_new(NULL, &c->enrich, error_r);
	if (ret == 0 && enrich_fd(c->enrich) >= 0)
		ret = loop_add_fd(c->loop, enrich_fd(c->enrich), on_cgroups, c, &c->cgroup_watch,
				  error_r);
	return ret;
}

static int open_audit(struct collector *c, struct error *error_r)
{
	const struct audit_config *config = plan_audit(c->options->plan);

	return config ? audit_new(config, &c->audit, error_r) : 0;
}

static int open_record(struct collector *c, struct error *error_r)
{
	if (!c->options->record)
		return 0;
	return recorder_open(c->options->record, &c->timeline.offset, &c->recorder, error_r);
}

/* Without accounts all goes on, but its numbers begin at 0. */
static void open_ledger(struct collector *c)
{
	struct error error;

	if (ledger_map(c->fds->accounts, &c->ledger, &error) < 0)
		log_warning("the numbers of before are not taken over: %s", error.text);
}

static struct source_mark mark_of(uint32_t ring, const struct source_mark *marks)
{
	for (size_t i = 0; i < SOURCE_MARKS; i++) {
		if (marks[i].id == ring)
			return marks[i];
	}
	return (struct source_mark){.id = ring};
}

/* The rings of before first: what they hold is older. */
static int open_rings(const struct collector *c, struct event_source **source_r,
		      struct error *error_r)
{
	const struct collector_map_ids *ids = &c->fds->ids;
	struct event_source *rings[COLLECTOR_OLD_RINGS_MAX + 1];
	struct source_mark marks[SOURCE_MARKS];
	size_t count = 0;
	int ret = 0;

	pipeline_marks(pipeline_block(c), marks);
	for (; count < c->fds->old_count && ret == 0; count += ret == 0)
		ret = ring_open(c->fds->old[count], mark_of(ids->old[count], marks), &rings[count],
				error_r);
	if (ret == 0)
		ret = ring_open(c->fds->ring, mark_of(ids->ring, marks), &rings[count], error_r);
	if (ret == 0)
		return rings_join(rings, count + 1, source_r, error_r);
	while (count > 0) {
		count--;
		rings[count]->ops->close(rings[count]);
	}
	return ret;
}

/* Of all rings; by a source of its own. */
static int count_untaken(void *context, uint64_t *count_r, struct error *error_r)
{
	const struct collector *c = context;
	struct source_mark marks[SOURCE_MARKS];
	struct event_source *source;
	struct slice record;
	uint64_t position, count = 0;
	int ret = open_rings(c, &source, error_r);

	if (ret < 0)
		return ret;
	while ((ret = source->ops->peek(source, &record, &position, error_r)) > 0)
		count++;
	*count_r = count - source->ops->marks(source, marks);
	source->ops->close(source);
	return ret;
}

static int open_ring_account(struct collector *c, struct error *error_r)
{
	c->ring_account.counters = c->fds->ids.counters;
	return ring_account_open(&c->ring_account, ledger_block(&c->ledger, "ring"), &c->counters,
				 pipeline_stats(c->pipeline), count_untaken, c, error_r);
}

/* Without the file times do the same, as long as this process lives. */
static void start_clock(struct collector *c)
{
	struct clock_offset offset;
	struct error error;
	char path[PATH_MAX];

	clock_sample(&offset);
	timeline_init(&c->timeline, &offset);
	(void)snprintf(path, sizeof(path), "%s/clock", plan_settings(c->options->plan)->state_dir);
	if (timeline_remember(&c->timeline, path, &error) < 0)
		log_warning("a step of the clock is not remembered over a restart: %s", error.text);
}

int collector_stages_open(struct collector *c, struct error *error_r)
{
	int ret = counters_map(c->fds->counters, &c->counters, error_r);

	if (ret == 0)
		shares_begin(&c->shares, &c->counters);
	open_ledger(c);
	if (ret == 0)
		ret = open_rings(c, &c->source, error_r);
	start_clock(c);
	c->started_ns = clock_wall_ns();
	if (ret == 0)
		ret = open_record(c, error_r);
	if (ret == 0)
		ret = open_origins(c, error_r);
	if (ret == 0)
		ret = open_enrich(c, error_r);
	if (ret == 0)
		ret = plan_open_geo(c->options->plan, &c->geo, error_r);
	if (ret == 0)
		ret = top_init(&c->top, error_r);
	if (ret == 0)
		ret = open_audit(c, error_r);
	if (ret == 0)
		ret = collector_layouts_open(c, error_r);
	if (ret == 0)
		collector_look_at_stores(c);
	if (ret == 0)
		ret = open_targets(c, error_r);
	if (ret == 0)
		ret = open_pipeline(c, error_r);
	if (ret == 0)
		ret = open_ring_account(c, error_r);
	return ret;
}

void collector_stages_close(struct collector *c)
{
	struct error error;

	http_close(&c->control);
	http_close(&c->metrics);
	pipeline_free(&c->pipeline);
	judge_free(&c->judge);
	origins_free(&c->origins);
	audit_free(&c->audit, clock_monotonic_ns() + COLLECTOR_DRAIN_NS);
	enrich_free(&c->enrich);
	geo_free(&c->geo);
	top_release(&c->top);
	lookups_free(&c->lookups);
	targets_close(&c->targets);
	collector_forget_close(c);
	if (recorder_close(&c->recorder, &error) < 0)
		log_error("%s: %s", c->options->record, error.text);
	loop_free(&c->loop);
	timeline_release(&c->timeline);
	since_release(&c->since);
	counters_unmap(&c->counters);
	ledger_unmap(&c->ledger);
	if (c->source)
		c->source->ops->close(c->source);
	if (c->ack_fd >= 0)
		close(c->ack_fd);
	buf_release(&c->line);
}
