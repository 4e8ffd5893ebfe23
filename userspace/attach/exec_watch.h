/* SPDX-License-Identifier: MIT */
/*
 * Reports processes that execute a program which may be one of Dovecot's, as it happens, and that a
 * Dovecot has ended. A name that turns out to be another program's is filtered for a while.
 */
#ifndef DOVETAP_ATTACH_EXEC_WATCH_H
#define DOVETAP_ATTACH_EXEC_WATCH_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"

struct exec_watch;

/* name is as exec_watch_unrelated() takes it; NULL if it is never filtered. */
typedef void exec_watch_fn(void *ctx, pid_t pid, const char *name);

/* Loads bpf/exec.bpf.c and attaches it, which needs no tracefs. */
int exec_watch_new(exec_watch_fn *fn, void *ctx, struct exec_watch **watch_r,
		   struct error *error_r);
void exec_watch_free(struct exec_watch **watch);

/* The program was none of Dovecot's. */
void exec_watch_unrelated(const struct exec_watch *watch, const char *name);

/*
 * Readable when there is something; exec_watch_drain() then calls fn for each process. It returns
 * whether all processes have to be looked at: soon when some starts were missed; at
 * exec_watch_search_ns() when one was Dovecot's and has no number in our pid namespace.
 */
enum exec_watch_search { EXEC_WATCH_SEARCH_NOT, EXEC_WATCH_SEARCH_SOON, EXEC_WATCH_SEARCH_NESTED };

int exec_watch_fd(const struct exec_watch *watch);
enum exec_watch_search exec_watch_drain(struct exec_watch *watch);

/* By the last exec_watch_drain(): the master of some Dovecot has started, or has ended. */
bool exec_watch_master_started(const struct exec_watch *watch);
bool exec_watch_master_ended(const struct exec_watch *watch);

/* After EXEC_WATCH_SEARCH_NESTED: when, on the monotonic clock; ever later for one container. */
int64_t exec_watch_search_ns(const struct exec_watch *watch);

#endif
