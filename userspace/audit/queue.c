/* SPDX-License-Identifier: MIT */
#include "audit/queue.h"

#include <errno.h>

#include "base/clock.h"

#define PER_RECORD 64 /* a record has many times more: the ends never are the bound */

void audit_batch_init(struct audit_batch *batch, size_t max)
{
	buf_init(&batch->bytes, max);
	buf_init(&batch->ends, max / PER_RECORD * sizeof(size_t));
	batch->count = 0;
}

void audit_batch_release(struct audit_batch *batch)
{
	buf_release(&batch->bytes);
	buf_release(&batch->ends);
	batch->count = 0;
}

static void batch_reset(struct audit_batch *batch)
{
	buf_reset(&batch->bytes);
	buf_reset(&batch->ends);
	batch->count = 0;
}

/* UNSAFE: index is below count, so ends has that many. */
static size_t end_of(const struct audit_batch *batch, size_t index)
{
	size_t end;

	memcpy(&end, batch->ends.data + index * sizeof(end), sizeof(end));
	return end;
}

struct slice audit_batch_record(const struct audit_batch *batch, size_t index)
{
	size_t start = index > 0 ? end_of(batch, index - 1) : 0;

	return (struct slice){batch->bytes.data + start, end_of(batch, index) - start};
}

static int batch_add(struct audit_batch *batch, struct slice record)
{
	size_t before = batch->bytes.len, end = before + record.len;

	if (buf_append_slice(&batch->bytes, record) == 0 &&
	    buf_append(&batch->ends, &end, sizeof(end)) == 0) {
		batch->count++;
		return 0;
	}
	/* Smaller ones may still fit. */
	batch->bytes.len = before;
	batch->bytes.failed = batch->ends.failed = 0;
	return -ENOBUFS;
}

void audit_queue_init(struct audit_queue *queue, size_t max)
{
	pthread_condattr_t monotonic;

	*queue = (struct audit_queue){.stop = false};
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_mutex_init(&queue->lock, NULL);
	pthread_cond_init(&queue->work, &monotonic);
	pthread_condattr_destroy(&monotonic);
	audit_batch_init(&queue->waiting, max);
}

void audit_queue_release(struct audit_queue *queue)
{
	audit_batch_release(&queue->waiting);
	pthread_cond_destroy(&queue->work);
	pthread_mutex_destroy(&queue->lock);
}

int audit_queue_push(struct audit_queue *queue, struct slice record)
{
	int ret;

	pthread_mutex_lock(&queue->lock);
	ret = batch_add(&queue->waiting, record);
	if (queue->waiting.count == 1)
		pthread_cond_signal(&queue->work);
	pthread_mutex_unlock(&queue->lock);
	return ret;
}

bool audit_queue_take(struct audit_queue *queue, struct audit_batch *batch)
{
	struct audit_batch taken;

	batch_reset(batch);
	pthread_mutex_lock(&queue->lock);
	while (queue->waiting.count == 0 && !queue->stop)
		pthread_cond_wait(&queue->work, &queue->lock);
	taken = queue->waiting;
	queue->waiting = *batch;
	pthread_mutex_unlock(&queue->lock);
	*batch = taken;
	return batch->count > 0;
}

static bool wait_for(struct audit_queue *queue, const bool *what, int64_t deadline_ns)
{
	const struct timespec until = {.tv_sec = deadline_ns / NS_PER_SEC,
				       .tv_nsec = deadline_ns % NS_PER_SEC};
	int code = 0;

	while (!*what && code == 0)
		code = pthread_cond_timedwait(&queue->work, &queue->lock, &until);
	return *what;
}

bool audit_queue_pause(struct audit_queue *queue, int64_t ns)
{
	bool stop;

	pthread_mutex_lock(&queue->lock);
	stop = wait_for(queue, &queue->stop, clock_monotonic_ns() + ns);
	pthread_mutex_unlock(&queue->lock);
	return stop;
}

bool audit_queue_stop(struct audit_queue *queue, int64_t deadline_ns)
{
	bool ended;

	pthread_mutex_lock(&queue->lock);
	queue->stop = true;
	pthread_cond_broadcast(&queue->work);
	ended = wait_for(queue, &queue->ended, deadline_ns);
	pthread_mutex_unlock(&queue->lock);
	return ended;
}

void audit_queue_ended(struct audit_queue *queue)
{
	pthread_mutex_lock(&queue->lock);
	queue->ended = true;
	pthread_cond_broadcast(&queue->work);
	pthread_mutex_unlock(&queue->lock);
}
