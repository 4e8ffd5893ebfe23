/* SPDX-License-Identifier: MIT */
/*
 * Records on their way from the collector's loop to the thread that writes them. Bounded in bytes:
 * what does not fit is refused at once, so that nobody ever waits.
 */
#ifndef DOVETAP_AUDIT_QUEUE_H
#define DOVETAP_AUDIT_QUEUE_H

#include <pthread.h>

#include "base/buf.h"

/* Records behind each other, and where each ends. */
struct audit_batch {
	struct buf bytes;
	struct buf ends; /* size_t each */
	size_t count;
};

void audit_batch_init(struct audit_batch *batch, size_t max);
void audit_batch_release(struct audit_batch *batch);
struct slice audit_batch_record(const struct audit_batch *batch, size_t index);

struct audit_queue {
	pthread_mutex_t lock;
	pthread_cond_t work;
	struct audit_batch waiting;
	bool stop, ended;
};

void audit_queue_init(struct audit_queue *queue, size_t max);
void audit_queue_release(struct audit_queue *queue);

/* Copies the record. 0, -ENOBUFS when the queue is full, -ENOMEM. */
int audit_queue_push(struct audit_queue *queue, struct slice record);

/* Waits for records and swaps them with batch, which is emptied before. False at the end: the queue
 * was stopped and is empty. */
bool audit_queue_take(struct audit_queue *queue, struct audit_batch *batch);

/* Waits for at most that long, or until the queue is stopped; then true. */
bool audit_queue_pause(struct audit_queue *queue, int64_t ns);

/* For the other side: no more records will come. True when the thread has reported the rest as done
 * by the deadline on clock_monotonic_ns(). */
bool audit_queue_stop(struct audit_queue *queue, int64_t deadline_ns);
void audit_queue_ended(struct audit_queue *queue);

#endif
