/* SPDX-License-Identifier: MIT */
/*
 * The resolver as the attacher sees it: started at SIGHUP, it reads all files anew and leaves one
 * resolved configuration (priv/reload.h), in its time. One runs at once; another SIGHUP meanwhile
 * has the next one started after it.
 */
#ifndef DOVETAP_ATTACH_RESOLVER_H
#define DOVETAP_ATTACH_RESOLVER_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

struct resolver {
	pid_t pid;   /* 0: none */
	int channel; /* -1: none, or its answer was taken */
	bool again;  /* another is wanted */
	int64_t kill_ns;
};

void resolver_init(struct resolver *resolver);
void resolver_release(struct resolver *resolver); /* ends it */

/* program is that of priv/start.h, configuration the one in force. While one runs: notes that
 * another is wanted. Returns 0 or a negative errno. */
int resolver_start(struct resolver *resolver, int program, int configuration,
		   const sigset_t *signals, struct error *error_r);

/* When the channel is readable: as reload_take_answer(). */
int resolver_take_answer(struct resolver *resolver, struct error *error_r);

/* At SIGCHLD. True if it has ended; then, if again is set, resolver_start() is due. */
bool resolver_reap(struct resolver *resolver);

/* By then resolver_due() is to be called, which ends one that takes too long. INT64_MAX: never. */
int64_t resolver_due_ns(const struct resolver *resolver);
void resolver_due(struct resolver *resolver);

#endif
