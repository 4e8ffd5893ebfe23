/* SPDX-License-Identifier: MIT */
/*
 * One thread's event loop: epoll(7) for descriptors, timerfd for timers, signalfd for signals.
 * Callbacks run in the loop's thread and may add and remove watches, their own included.
 */
#ifndef DOVETAP_LOOP_H
#define DOVETAP_LOOP_H

#include <stdint.h>

#include "base/error.h"

struct loop;
struct loop_watch;

typedef void loop_cb(struct loop *loop, void *context);
typedef void loop_signal_cb(struct loop *loop, int signal, void *context);

int loop_new(struct loop **loop_r, struct error *error_r);
void loop_free(struct loop **loop); /* with all its watches; takes NULL, sets NULL */

/* Calls back when fd is readable or hung up. fd is borrowed. */
int loop_add_fd(struct loop *loop, int fd, loop_cb *cb, void *context, struct loop_watch **watch_r,
		struct error *error_r);

/* A timer that is stopped; loop_timer_set() starts it once after (0 = stop) and then every. */
int loop_add_timer(struct loop *loop, loop_cb *cb, void *context, struct loop_watch **watch_r,
		   struct error *error_r);
void loop_timer_set(struct loop_watch *timer, int64_t after_ns, int64_t every_ns);

/* Blocks the signals (ending with 0) in this thread and those it starts, and calls back instead. */
int loop_add_signals(struct loop *loop, const int *signals, loop_signal_cb *cb, void *context,
		     struct error *error_r);

void loop_remove(struct loop_watch **watch); /* takes NULL, sets NULL */

/* Runs until loop_stop(). Returns 0 or a negative errno of epoll_wait(2). */
int loop_run(struct loop *loop, struct error *error_r);
void loop_stop(struct loop *loop);

#endif
