/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <inttypes.h>
#include <linux/sockios.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sysexits.h>

#include "base/log.h"
#include "base/memory_trim.h"
#include "collector/collector_private.h"
#include "collector/confine.h"
#include "priv/lock.h"
#include "priv/notify.h"
#include "priv/proto.h"

#define TICK_NS	    (1 * NS_PER_SEC)
#define TURN_MAX_NS (30 * NS_PER_SEC)

/* Bytes that the attacher has not yet read from the socket; -1 if unknown. */
static int peer_unread(const struct collector *c)
{
	int bytes;

	return ioctl(c->fds->peer, SIOCOUTQ, &bytes) < 0 ? -1 : bytes;
}

/*
 * Sends the watchdog keep-alive while both loops turn: this one, which calls us, and the
 * attacher's, which has read the message of last time. That message is READY again, which has no
 * effect there.
 */
static void ping_watchdog(struct collector *c)
{
	const struct priv_message ready = {.version = PRIV_PROTO_VERSION, .type = PRIV_READY};
	int64_t now = clock_monotonic_ns();

	if (c->options->watchdog_ns == 0 || now - c->alive_ns < c->options->watchdog_ns / 4 ||
	    peer_unread(c) != 0)
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
	collector_look_at_clock(c);
	collector_note_recording(c, false);
	if (c->ring_watch)
		collector_drain(c);
	shares_look(&c->shares, &c->counters, clock_monotonic_ns());
	ping_watchdog(c);
}

static void note_message(struct collector *c, const struct priv_message *message)
{
	c->probes.links = message->links;
	c->probes.refused = message->refused;
	c->probes.stalled = message->stalled;
	c->probes.limited = message->limited;
	c->probes.dovecots = message->dovecots;
	c->probes.unseen = message->unseen;
	memcpy(c->probes.refused_by, message->refused_by, sizeof(c->probes.refused_by));
	collector_layouts_note(c, message);
	if (message->type == PRIV_REFUSED)
		(void)snprintf(c->probes.last_refused, sizeof(c->probes.last_refused), "%s: %s",
			       message->path, message->reason);
	else if (message->type == PRIV_INITIAL_SCAN_DONE)
		c->probes.initial_scan_done = true;
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
		ret = collector_poll_open(c, error_r);
	if (ret == 0)
		ret = loop_add_timer(c->loop, on_tick, c, &c->tick, error_r);
	if (ret == 0)
		ret = loop_add_fd(c->loop, c->fds->peer, on_peer, c, &c->peer_watch, error_r);
	return ret;
}

static int run(struct collector *c, struct error *error_r)
{
	const struct priv_message ready = {.version = PRIV_PROTO_VERSION, .type = PRIV_READY};
	int ret = collector_poll_listen(c, error_r);

	if (ret < 0)
		return ret;
	ret = collector_pages_open(c, error_r);
	if (ret < 0)
		return ret;
	loop_timer_set(c->tick, TICK_NS, TICK_NS);
	collector_drain(c);
	/* If the attacher is gone, the loop will see it. */
	(void)priv_send(c->fds->peer, &ready);
	memory_trim();
	return loop_run(c->loop, error_r);
}

/* What is left stays in the ring. The attacher knows whether that outlives it. */
static void stop_writers(struct collector *c)
{
	struct error error;
	uint64_t left;

	if (targets_stop(&c->targets, &left, &error) == 0)
		return;
	log_error("%s", error.text);
	log_error("%" PRIu64 " records are left in the ring", left);
	if (c->status == EX_OK)
		c->status = COLLECTOR_EXIT_UNWRITTEN;
}

/* Everything that is in the ring goes out, as far as the dicts answer in time. */
static void finish(struct collector *c)
{
	struct error error;

	if (!c->pipeline || pipeline_drain(c->pipeline, NULL) < 0)
		return;
	collector_note_recording(c, true);
	pipeline_flush(c->pipeline);
	if (targets_drain(&c->targets, clock_monotonic_ns() + COLLECTOR_DRAIN_NS, &error) < 0)
		log_warning("%s", error.text);
	if (targets_lost(&c->targets, &error) < 0) /* the counters go with this process */
		log_warning("%s", error.text);
	stop_writers(c);
	pipeline_release(c->pipeline);
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
	if (ret == -EBUSY || collector_is_shortage(-ret))
		return EX_TEMPFAIL;
	return ret < 0 ? EX_OSERR : c->status;
}

int collector_main(const struct collector_options *options, const struct collector_fds *fds)
{
	struct collector c = {.options = options, .fds = fds, .ack_fd = -1, .timeline.fd = -1};
	struct error error = {0};
	int ret;

	c.probes.inherited = fds->inherited;
	buf_init(&c.line, 8192);
	ret = wait_for_turn(&c, &error);
	if (ret == 0)
		ret = plan_load_modules(c.options->plan, &error);
	if (ret == 0)
		ret = enter_confinement(&c, &error);
	if (ret == 0)
		ret = open_loop(&c, &error);
	if (ret == 0)
		ret = collector_stages_open(&c, &error);
	if (ret == 0)
		ret = run(&c, &error);
	if (ret < 0)
		log_error("%s", error.text);
	finish(&c);
	collector_stages_close(&c);
	return exit_status(&c, ret);
}
