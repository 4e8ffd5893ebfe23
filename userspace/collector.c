/* SPDX-License-Identifier: MIT */
#include "collector.h"

#include "attach/attacher.h"
#include "base/log.h"
#include "base/loop.h"
#include "capture/counters.h"
#include "capture/replay.h"
#include "capture/ring.h"
#include "capture/rings.h"
#include "confine.h"
#include "gather.h"
#include "login/login_json.h"
#include "priv/lock.h"
#include "priv/proto.h"
#include "serve/http.h"
#include "serve/notify.h"
#include "summary.h"
#include "targets.h"
#include "top.h"

#include <errno.h>
#include <linux/sockios.h>
#include <signal.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sysexits.h>
#include <unistd.h>

/*
 * While records are outstanding the kernel does not wake us (capture/ring.h), so the collector
 * naps and looks again. A short nap makes batches; it grows while nothing happens, and ends at
 * once when a writer has acknowledged something.
 */
#define NAP_MIN_NS   (5 * NS_PER_MSEC)
#define NAP_AWAY_NS  (50 * NS_PER_MSEC) /* while no dict takes records */
#define NAP_MAX_NS   (100 * NS_PER_MSEC)
#define TICK_NS	     (1 * NS_PER_SEC)
#define DRAIN_MAX_NS (5 * NS_PER_SEC)
#define TURN_MAX_NS  (30 * NS_PER_SEC)

struct collector {
	const struct collector_options *options;
	const struct collector_fds *fds;
	struct loop *loop;
	struct loop_watch *ring_watch, *nap, *tick, *ack_watch, *peer_watch;
	int64_t nap_ns;
	int ack_fd;
	struct event_source *source;
	struct counters counters;
	struct timeline timeline;
	struct targets targets;
	struct pipeline *pipeline;
	struct http *control, *metrics;
	struct gather_probes probes;
	int64_t started_ns;
	int landlock;	       /* the kernel's version of it; 0: none */
	int64_t alive_ns;      /* of the last sign of life */
	struct enrich *enrich; /* NULL: no template wants it */
	struct geo *geo;       /* NULL: there is no database */
	struct recorder *recorder;
	struct top top;
	struct audit *audit; /* NULL: none is wanted */
	struct buf line;
	int status; /* exit status once the loop has ended */
};

static void wait_for_ring(struct collector *c);

static void fail(struct collector *c, const struct error *error)
{
	log_error("%s", error->text);
	c->status = EX_SOFTWARE;
	loop_stop(c->loop);
}

/* The ring fills while a dict is down: then the writers' memory is all that can hold more. */
static void relieve_ring(struct collector *c)
{
	struct source_level level;

	c->source->ops->level(c->source, &level);
	if (level.used > level.size / 2)
		pipeline_release_all(c->pipeline);
}

static void nap(struct collector *c, int64_t ns)
{
	c->nap_ns = ns < NAP_MAX_NS ? ns : NAP_MAX_NS;
	loop_remove(&c->ring_watch);
	loop_timer_set(c->nap, c->nap_ns, 0);
}

static void tell_step(int64_t step_ns)
{
	double seconds = (double)step_ns / (double)NS_PER_SEC;

	if (step_ns < -TIMELINE_HOLD_NS)
		log_warning("the clock was set back by %.1f s: logins that were recorded meanwhile "
			    "have times to come, and count as newer until then",
			    -seconds);
	else if (step_ns != 0)
		log_info("the clock was set %s by %.1f s; logins keep their order",
			 step_ns < 0 ? "back" : "forward", step_ns < 0 ? -seconds : seconds);
}

static void look_at_clock(struct collector *c)
{
	struct clock_offset offset;

	clock_sample(&offset);
	tell_step(timeline_set_offset(&c->timeline, &offset));
}

static int64_t shortest_nap(const struct collector *c)
{
	return targets_up(&c->targets) ? NAP_MIN_NS : NAP_AWAY_NS;
}

static void drain(struct collector *c)
{
	struct error error;
	bool idle;
	int count;

	look_at_clock(c);
	count = pipeline_drain(c->pipeline, &error);
	timeline_save(&c->timeline);
	if (count < 0) {
		fail(c, &error);
		return;
	}
	idle = pipeline_release(c->pipeline) && count == 0;
	relieve_ring(c);
	if (idle)
		wait_for_ring(c);
	else
		nap(c, count > 0 ? shortest_nap(c) : c->nap_ns * 2);
}

static void on_ring(struct loop *loop, void *context)
{
	(void)loop;
	drain(context);
}

static void wait_for_ring(struct collector *c)
{
	struct error error;

	if (c->ring_watch)
		return;
	if (loop_add_fd(c->loop, c->source->ops->fd(c->source), on_ring, c, &c->ring_watch,
			&error) < 0)
		fail(c, &error);
}

static void on_nap(struct loop *loop, void *context)
{
	(void)loop;
	drain(context);
}

/* What the attacher has not yet taken from the socket, in bytes; -1 if that cannot be said. */
static int unheard(const struct collector *c)
{
	int bytes;

	return ioctl(c->fds->peer, SIOCOUTQ, &bytes) < 0 ? -1 : bytes;
}

/*
 * The service manager is told that dovetap is alive as long as both loops turn: this one, or
 * nobody would be here, and the attacher's, which has heard what was said to it last time. That
 * is READY again, which says nothing new to it.
 */
static void show_life(struct collector *c)
{
	const struct priv_message ready = {.version = PRIV_PROTO_VERSION, .type = PRIV_READY};
	int64_t now = clock_monotonic_ns();

	if (c->options->watchdog_ns == 0 || now - c->alive_ns < c->options->watchdog_ns / 4 ||
	    unheard(c) != 0)
		return;
	notify_alive();
	c->alive_ns = now;
	(void)priv_send(c->fds->peer, &ready);
}

/* Also looks at the ring: one that is full wakes nobody. */
static void on_tick(struct loop *loop, void *context)
{
	struct collector *c = context;

	(void)loop;
	look_at_clock(c);
	if (c->ring_watch)
		drain(c);
	show_life(c);
}

static void on_ack(struct loop *loop, void *context)
{
	struct collector *c = context;
	uint64_t count;

	(void)loop;
	if (read(c->ack_fd, &count, sizeof(count)) == sizeof(count))
		pipeline_release(c->pipeline);
}

static void note_message(struct collector *c, const struct priv_message *message)
{
	c->probes.links = message->links;
	if (message->type == PRIV_REFUSED)
		c->probes.refused++;
	else if (message->type == PRIV_SETTLED)
		c->probes.settled = true;
}

static void on_peer(struct loop *loop, void *context)
{
	struct collector *c = context;
	struct priv_message message;
	int ret = priv_receive(c->fds->peer, &message);

	if (ret > 0) {
		note_message(c, &message);
	} else if (ret != -EAGAIN) {
		log_warning("the attacher is gone; writing what is left and ending");
		loop_stop(loop);
	}
}

static void on_signal(struct loop *loop, int signal, void *context)
{
	(void)context;
	if (signal != SIGHUP)
		loop_stop(loop);
}

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

static int open_targets(struct collector *c, struct error *error_r)
{
	const struct targets_options options = {.ack_fd = c->ack_fd, .spool = true};

	return targets_open(&c->targets, c->options->plan, &options, error_r);
}

static int open_pipeline(struct collector *c, struct error *error_r)
{
	struct pipeline_config config = {
		.source = c->source,
		.timeline = &c->timeline,
		.deliver = targets_describe(&c->targets),
		.observe = observe,
		.record = record,
		.context = c,
		.enrich = c->enrich,
		.geo = c->geo,
	};

	return pipeline_new(&config, &c->pipeline, error_r);
}

static int open_enrich(struct collector *c, struct error *error_r)
{
	return plan_wants_container(c->options->plan) ? enrich_new(NULL, &c->enrich, error_r) : 0;
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

static struct gather_source numbers(const struct collector *c)
{
	return (struct gather_source){
		.pipeline = c->pipeline,
		.targets = &c->targets,
		.audit = c->audit,
		.failures = c->top.failures,
		.ring = c->source,
		.counters = &c->counters,
		.probes = c->probes,
		.started_ns = c->started_ns,
		.landlock = c->landlock,
		.timeline = &c->timeline,
	};
}

static void gather_now(struct metrics *metrics, void *context)
{
	const struct gather_source source = numbers(context);

	gather(&source, metrics);
}

static int summarize_now(struct buf *out, void *context)
{
	const struct gather_source source = numbers(context);

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

static bool is_ready(void *context)
{
	return ((const struct collector *)context)->probes.settled;
}

/*
 * Logins matter more than numbers: without the socket the collector works all the same. Unless
 * somebody answers there.
 */
static int open_http(struct collector *c, const char *address, const struct http_page *more,
		     struct http **http_r, struct error *error_r)
{
	const struct http_config config = {
		.listen = address,
		.gather = gather_now,
		.summary = summarize_now,
		.ready = is_ready,
		.more = more,
		.context = c,
	};
	int ret = address[0] ? http_open(c->loop, &config, http_r, error_r) : 0;

	if (ret == -EADDRINUSE && address[0] == '/')
		return error_set(error_r, EADDRINUSE,
				 "another dovetap answers at %s; end that one, or give this one a "
				 "socket of its own",
				 address);
	if (ret < 0)
		log_warning("no status there: %s", error_r->text);
	return 0;
}

/* The rings of before first: what they hold is older. */
static int open_rings(struct collector *c, struct error *error_r)
{
	struct event_source *rings[COLLECTOR_OLD_RINGS_MAX + 1];
	size_t count = 0;
	int ret = 0;

	for (; count < c->fds->old_count && ret == 0; count += ret == 0)
		ret = ring_open(c->fds->old[count], &rings[count], error_r);
	if (ret == 0)
		ret = ring_open(c->fds->ring, &rings[count], error_r);
	if (ret == 0)
		return rings_join(rings, count + 1, &c->source, error_r);
	while (count > 0) {
		count--;
		rings[count]->ops->close(rings[count]);
	}
	return ret;
}

/* Before there are threads, which would stay outside. */
static int enter_confinement(struct collector *c, struct error *error_r)
{
	const struct confine_options options = {
		.plan = c->options->plan,
		.control = c->options->control,
		.record = c->options->record,
	};

	c->landlock = confine(&options, error_r);
	return c->landlock < 0 ? c->landlock : 0;
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

static int open_stages(struct collector *c, struct error *error_r)
{
	int ret = open_rings(c, error_r);

	if (ret == 0)
		ret = counters_map(c->fds->counters, &c->counters, error_r);
	start_clock(c);
	c->started_ns = clock_wall_ns();
	if (ret == 0)
		ret = open_record(c, error_r);
	if (ret == 0)
		ret = open_enrich(c, error_r);
	if (ret == 0)
		ret = plan_open_geo(c->options->plan, &c->geo, error_r);
	if (ret == 0)
		ret = top_init(&c->top, error_r);
	if (ret == 0)
		ret = open_audit(c, error_r);
	if (ret == 0)
		ret = open_targets(c, error_r);
	if (ret == 0)
		ret = open_pipeline(c, error_r);
	return ret;
}

static int open_loop(struct collector *c, struct error *error_r)
{
	static const int signals[] = {SIGTERM, SIGINT, SIGHUP, 0};
	int ret = loop_new(&c->loop, error_r);

	/* Before the writers' threads start, so that they inherit the blocked signals. */
	if (ret == 0)
		ret = loop_add_signals(c->loop, signals, on_signal, c, error_r);
	c->ack_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (ret == 0 && c->ack_fd < 0)
		ret = error_set(error_r, errno, "cannot create an eventfd: %m");
	if (ret == 0)
		ret = loop_add_timer(c->loop, on_nap, c, &c->nap, error_r);
	if (ret == 0)
		ret = loop_add_timer(c->loop, on_tick, c, &c->tick, error_r);
	if (ret == 0)
		ret = loop_add_fd(c->loop, c->fds->peer, on_peer, c, &c->peer_watch, error_r);
	return ret;
}

static int run(struct collector *c, struct error *error_r)
{
	const struct priv_message ready = {.version = PRIV_PROTO_VERSION, .type = PRIV_READY};
	int ret = loop_add_fd(c->loop, c->ack_fd, on_ack, c, &c->ack_watch, error_r);

	if (ret < 0)
		return ret;
	ret = open_http(c, c->options->control, private_pages, &c->control, error_r);
	if (ret == 0)
		ret = open_http(c, plan_settings(c->options->plan)->metrics_listen, NULL,
				&c->metrics, error_r);
	if (ret < 0)
		return ret;
	loop_timer_set(c->tick, TICK_NS, TICK_NS);
	drain(c);
	/* If the attacher is gone, the loop will see it. */
	(void)priv_send(c->fds->peer, &ready);
	return loop_run(c->loop, error_r);
}

/* Everything that is in the ring goes out, as far as the dicts answer in time. */
static void finish(struct collector *c)
{
	struct error error;

	if (!c->pipeline || pipeline_drain(c->pipeline, NULL) < 0)
		return;
	pipeline_flush(c->pipeline);
	if (targets_drain(&c->targets, clock_monotonic_ns() + DRAIN_MAX_NS, &error) < 0)
		log_warning("%s", error.text);
	pipeline_release(c->pipeline);
}

static void close_stages(struct collector *c)
{
	struct error error;

	http_close(&c->control);
	http_close(&c->metrics);
	pipeline_free(&c->pipeline);
	audit_free(&c->audit, clock_monotonic_ns() + DRAIN_MAX_NS);
	enrich_free(&c->enrich);
	geo_free(&c->geo);
	top_release(&c->top);
	targets_close(&c->targets);
	if (recorder_close(&c->recorder, &error) < 0)
		log_error("%s: %s", c->options->record, error.text);
	loop_free(&c->loop);
	timeline_release(&c->timeline);
	counters_unmap(&c->counters);
	if (c->source)
		c->source->ops->close(c->source);
	if (c->ack_fd >= 0)
		close(c->ack_fd);
	buf_release(&c->line);
}

/* Two readers of one ring would corrupt it for each other. */
static int wait_for_turn(const struct collector *c, struct error *error_r)
{
	if (c->options->lock_fd < 0)
		return 0;
	return lock_wait(c->options->lock_fd, clock_monotonic_ns() + TURN_MAX_NS, error_r);
}

static int exit_status(const struct collector *c, int ret)
{
	if (ret == -EINVAL || ret == -EOPNOTSUPP)
		return EX_CONFIG;
	if (ret == -EADDRINUSE)
		return EX_UNAVAILABLE;
	if (ret == -EBUSY)
		return EX_TEMPFAIL;
	return ret < 0 ? EX_OSERR : c->status;
}

int collector_main(void *context, const struct collector_fds *fds)
{
	struct collector c = {.options = context, .fds = fds, .ack_fd = -1, .timeline.fd = -1};
	struct error error = {0};
	int ret;

	c.probes.inherited = fds->inherited;
	buf_init(&c.line, 8192);
	ret = wait_for_turn(&c, &error);
	if (ret == 0)
		ret = enter_confinement(&c, &error);
	if (ret == 0)
		ret = open_loop(&c, &error);
	if (ret == 0)
		ret = open_stages(&c, &error);
	if (ret == 0)
		ret = run(&c, &error);
	if (ret < 0)
		log_error("%s", error.text);
	finish(&c);
	close_stages(&c);
	return exit_status(&c, ret);
}
