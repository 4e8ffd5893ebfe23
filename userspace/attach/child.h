/* SPDX-License-Identifier: MIT */
/* The collector's process, as its parent sees it: start, send, stop, and when to start again. */
#ifndef DOVETAP_ATTACH_CHILD_H
#define DOVETAP_ATTACH_CHILD_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "attach/attacher.h"
#include "attach/maps.h"
#include "base/error.h"
#include "priv/drop.h"
#include "priv/proto.h"

/* What every collector is started with; all pointers stay the caller's. */
struct child_setup {
	struct priv_user user;
	int64_t watchdog_ns;
	bool no_sandbox;
	const struct maps *maps;
	int program, configuration, lock; /* attacher.h; configuration is this struct's */
	sigset_t signals;		  /* mask that it runs with */
};

struct child {
	const struct child_setup *setup;
	pid_t pid; /* 0: none is running */
	int peer;  /* our end of the socketpair; -1 when closed */
	bool ready;
	bool came_up;	    /* was ready, once in this life */
	int64_t restart_ns; /* monotonic; 0: no restart due */
	int64_t delay_ns;   /* before the next restart */
};

void child_init(struct child *child, const struct child_setup *setup);
void child_release(struct child *child); /* does not stop it */

/* Starts it, by exec. Returns 0 or a negative errno. */
int child_start(struct child *child, struct error *error_r);

/* Never waits; what a collector does not read is lost, it can do without. */
void child_send(struct child *child, const struct priv_message *message);
void child_signal(const struct child *child, int signal);

enum child_word {
	CHILD_NOTHING,
	CHILD_IS_READY,		/* just now */
	CHILD_REFUSES_A_LAYOUT, /* in the message */
};

/* Receives a message of it. */
enum child_word child_receive(struct child *child, struct priv_message *message_r);

/*
 * After SIGCHLD: true if it has ended, with *status_r as of waitpid(). Until it is started again
 * pid is 0.
 */
bool child_reap(struct child *child, int *status_r);

/*
 * Plans the next start: soon, for one that had taken everything out of the ring before it ended (it
 * has sent READY); later each time for one that did not come so far, as when a record kills it.
 * Returns the delay.
 */
int64_t child_plan_restart(struct child *child);

#endif
