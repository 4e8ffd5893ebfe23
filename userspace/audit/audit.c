/* SPDX-License-Identifier: MIT */
#include "audit/audit.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "audit/queue.h"
#include "audit/sink.h"
#include "base/clock.h"
#include "base/log.h"

#define RECORD_MAX   (64U << 10)
#define TRY_AGAIN_NS (1 * NS_PER_SEC)

struct audit {
	struct audit_config config;
	struct audit_queue queue;
	pthread_t thread;
	struct buf form; /* of one record; the caller's */

	/* The thread's own. */
	struct audit_sink sink;
	struct audit_batch batch;

	atomic_bool up;
	atomic_uint_fast64_t events[LOGIN_EVENT_KINDS], written, lost[AUDIT_LOST_COUNT];
};

static const char *const lost_names[AUDIT_LOST_COUNT] = {
	[AUDIT_LOST_QUEUE_FULL] = "queue_full",
	[AUDIT_LOST_TOO_LONG] = "too_long",
	[AUDIT_LOST_REFUSED] = "refused",
	[AUDIT_LOST_UNWRITTEN] = "unwritten",
};

const char *audit_lost_name(enum audit_lost reason)
{
	return lost_names[reason];
}

/* --- the thread ---------------------------------------------------------------------------- */

static void note_result(struct audit *audit, int ret, const struct error *error)
{
	bool was_up = atomic_exchange(&audit->up, ret == 0);
	struct error named = *error;

	error_name_user(&named);
	if (ret < 0 && was_up)
		log_error("audit stream: %s; trying again", named.text);
	else if (ret == 0 && !was_up)
		log_info("the audit stream is written again");
}

/* Returns 0 when the batch is done with. */
static int write_on(struct audit *audit, size_t *next)
{
	struct error error = {0};
	size_t before = *next;
	int ret = audit->sink.ops->write(&audit->sink, &audit->batch, next, &error);

	audit->written += *next - before;
	if (ret == -EMSGSIZE) {
		audit->lost[AUDIT_LOST_REFUSED]++;
		++*next;
		return *next < audit->batch.count;
	}
	note_result(audit, ret, &error);
	return ret;
}

/* One that is larger than the sink takes is passed over at once; for the rest there is time. */
static void write_batch(struct audit *audit)
{
	size_t next = 0;
	int ret;

	while ((ret = write_on(audit, &next)) != 0) {
		if (ret > 0 || !audit_queue_pause(&audit->queue, TRY_AGAIN_NS))
			continue;
		audit->lost[AUDIT_LOST_UNWRITTEN] += audit->batch.count - next;
		return;
	}
}

static void *audit_thread(void *context)
{
	struct audit *audit = context;

	while (audit_queue_take(&audit->queue, &audit->batch))
		write_batch(audit);
	audit_queue_ended(&audit->queue);
	return NULL;
}

/* --- the caller ---------------------------------------------------------------------------- */

static void destroy(struct audit *audit)
{
	audit_sink_release(&audit->sink);
	audit_batch_release(&audit->batch);
	audit_queue_release(&audit->queue);
	buf_release(&audit->form);
	free(audit);
}

int audit_new(const struct audit_config *config, struct audit **audit_r, struct error *error_r)
{
	struct audit *audit = calloc(1, sizeof(*audit));
	int code;

	if (!audit)
		return error_set(error_r, ENOMEM, "out of memory for the audit stream");
	audit->config = *config;
	audit->up = true;
	buf_init(&audit->form, RECORD_MAX);
	audit_batch_init(&audit->batch, config->queue_size);
	audit_queue_init(&audit->queue, config->queue_size);
	code = -audit_sink_init(&audit->sink, config->target, error_r);
	if (code == 0) {
		code = pthread_create(&audit->thread, NULL, audit_thread, audit);
		if (code != 0)
			error_set(error_r, code, "cannot start the audit stream: %s",
				  strerrordesc_np(code));
	}
	if (code == 0)
		*audit_r = audit;
	else
		destroy(audit);
	return -code;
}

static bool wants(const struct audit *audit, enum login_event_kind event)
{
	return audit && audit->config.events & 1U << event;
}

void audit_event(struct audit *audit, const struct login_event *event)
{
	struct audit_record record;

	if (!wants(audit, event->kind))
		return;
	audit->events[event->kind]++;
	audit_record_make(&audit->config.policy, event, &record);
	buf_reset(&audit->form);
	if (audit->sink.ops->encode(&record, &audit->form) < 0)
		audit->lost[AUDIT_LOST_TOO_LONG]++;
	else if (audit_queue_push(&audit->queue, buf_slice(&audit->form)) < 0)
		audit->lost[AUDIT_LOST_QUEUE_FULL]++;
}

void audit_stats(const struct audit *audit, struct audit_stats *stats_r)
{
	for (unsigned int i = 0; i < LOGIN_EVENT_KINDS; i++)
		stats_r->events[i] = audit->events[i];
	for (unsigned int i = 0; i < AUDIT_LOST_COUNT; i++)
		stats_r->lost[i] = audit->lost[i];
	stats_r->written = audit->written;
	stats_r->up = audit->up;
}

static uint64_t not_written(const struct audit *audit)
{
	uint64_t made = 0;

	for (unsigned int i = 0; i < LOGIN_EVENT_KINDS; i++)
		made += audit->events[i];
	return made - audit->written;
}

void audit_free(struct audit **audit, int64_t deadline_ns)
{
	struct audit *old = *audit;
	bool ended;

	*audit = NULL;
	if (!old)
		return;
	ended = audit_queue_stop(&old->queue, deadline_ns);
	if (not_written(old) > 0)
		log_warning("audit stream: %" PRIu64 " records were not written", not_written(old));
	/* One that hangs in its sink still uses all this; the process ends now. */
	if (!ended)
		return;
	pthread_join(old->thread, NULL);
	destroy(old);
}
