/* SPDX-License-Identifier: MIT */
/* When the collector looks at the ring, and what it does then. */
#include <unistd.h>

#include "base/log.h"
#include "collector/collector_private.h"

/*
 * While records are outstanding the kernel does not wake us (capture/ring.h), so the collector
 * polls. A short interval makes batches; it grows while nothing happens, and ends at once when a
 * writer has acknowledged something.
 */
#define POLL_MIN_NS    (5 * NS_PER_MSEC)
#define POLL_OUTAGE_NS (50 * NS_PER_MSEC) /* while no dict takes records */
#define POLL_MAX_NS    (100 * NS_PER_MSEC)

static void wait_for_ring(struct collector *c);

static void poll_timer(struct collector *c, int64_t ns)
{
	c->poll_ns = ns < POLL_MAX_NS ? ns : POLL_MAX_NS;
	loop_remove(&c->ring_watch);
	loop_timer_set(c->poll_timer, c->poll_ns, 0);
}

/*
 * The ring fills: then the writers' memory is all that can hold more, and what is in it alone would
 * be lost with this process. While a dict takes records that is put off: soon they are safe.
 */
static void relieve_ring(struct collector *c)
{
	struct source_level level;
	uint64_t most;

	c->source->ops->level(c->source, &level);
	most = targets_up(&c->targets) ? level.size / 8 * 7 : level.size / 2;
	if (level.used > most)
		pipeline_release_all(c->pipeline);
}

static void log_clock_step(int64_t step_ns)
{
	double seconds = (double)step_ns / (double)NS_PER_SEC;

	if (step_ns < -TIMELINE_HOLD_NS)
		log_warning("the clock was set back by %.1f s: logins that were recorded meanwhile "
			    "have timestamps in the future, and count as newer until then",
			    -seconds);
	else if (step_ns != 0)
		log_info("the clock was set %s by %.1f s; logins keep their order",
			 step_ns < 0 ? "back" : "forward", step_ns < 0 ? -seconds : seconds);
}

void collector_look_at_clock(struct collector *c)
{
	struct clock_offset offset;

	clock_sample(&offset);
	log_clock_step(timeline_set_offset(&c->timeline, &offset));
}

static int64_t shortest_poll(const struct collector *c)
{
	return targets_up(&c->targets) ? POLL_MIN_NS : POLL_OUTAGE_NS;
}

void collector_drain(struct collector *c)
{
	struct error error;
	bool idle;
	int count;

	collector_look_at_clock(c);
	count = pipeline_drain(c->pipeline, &error);
	timeline_save(&c->timeline);
	if (count < 0) {
		collector_fail(c, &error);
		return;
	}
	idle = pipeline_release(c->pipeline) && count == 0;
	relieve_ring(c);
	if (idle)
		wait_for_ring(c);
	else
		poll_timer(c, count > 0 ? shortest_poll(c) : c->poll_ns * 2);
}

static void on_ring(struct loop *loop, void *context)
{
	(void)loop;
	collector_drain(context);
}

static void wait_for_ring(struct collector *c)
{
	struct error error;

	if (c->ring_watch)
		return;
	if (loop_add_fd(c->loop, c->source->ops->fd(c->source), on_ring, c, &c->ring_watch,
			&error) < 0)
		collector_fail(c, &error);
}

static void on_poll(struct loop *loop, void *context)
{
	(void)loop;
	collector_drain(context);
}

static void on_ack(struct loop *loop, void *context)
{
	struct collector *c = context;
	uint64_t count;

	(void)loop;
	if (read(c->ack_fd, &count, sizeof(count)) == sizeof(count))
		pipeline_release(c->pipeline);
}

int collector_poll_open(struct collector *c, struct error *error_r)
{
	return loop_add_timer(c->loop, on_poll, c, &c->poll_timer, error_r);
}

int collector_poll_listen(struct collector *c, struct error *error_r)
{
	return loop_add_fd(c->loop, c->ack_fd, on_ack, c, &c->ack_watch, error_r);
}
