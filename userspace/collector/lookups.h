/* SPDX-License-Identifier: MIT */
/*
 * Questions for the records of one user, from people without rights: a thread of its own asks the
 * stores, one after the other, so that neither the loop nor a writer waits for an answer.
 *
 * Nothing grows with who asks how often: LOOKUPS_MAX questions at a time, LOOKUPS_RATE in a second;
 * of answers that nobody takes the oldest make room.
 * Each has LOOKUPS_NS from the moment it is put; then it is answered by an error, the store
 * may do what it likes.
 */
#ifndef DOVETAP_COLLECTOR_LOOKUPS_H
#define DOVETAP_COLLECTOR_LOOKUPS_H

#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"

#define LOOKUPS_MAX  32
#define LOOKUPS_RATE 200
#define LOOKUPS_NS   (900 * NS_PER_MSEC)

/* Appends what is known of the user, within timeout_ns; from the thread. Returns 0 or a negative
 * errno. */
typedef int lookups_fn(const void *context, struct slice user, int64_t timeout_ns, struct buf *out,
		       struct error *error_r);

struct lookups;

/* Starts no thread before the first question. */
int lookups_new(lookups_fn *fn, const void *context, struct lookups **lookups_r);

/* Waits for the question that is being asked, which may take its time. Takes NULL, sets NULL. */
void lookups_free(struct lookups **lookups);

/* Puts a question; -EAGAIN when there are too many, -EINVAL for an empty name, -ENOMEM. */
int lookups_begin(struct lookups *lookups, struct slice user, int64_t now_ns, uint64_t *number_r);

/* 0: not yet; 1: *ret_r is what fn returned or -ETIMEDOUT, out has the answer, error_r the reason,
 * and the number is gone; -ENOENT: there is no such number. */
int lookups_take(struct lookups *lookups, uint64_t number, int64_t now_ns, struct buf *out,
		 int *ret_r, struct error *error_r);

#endif
