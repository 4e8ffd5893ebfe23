/* SPDX-License-Identifier: MIT */
/*
 * Detaches in the background. The kernel takes some 70 ms for each probe, most of it waiting: one
 * after the other those of a few hundred containers would keep the attacher from new ones for a
 * minute. CLOSER_THREADS wait at the same time.
 */
#ifndef DOVETAP_ATTACH_CLOSER_H
#define DOVETAP_ATTACH_CLOSER_H

#include <pthread.h>

#define CLOSER_THREADS 8

struct link;
struct closing;

struct closer {
	pthread_mutex_t lock;
	pthread_cond_t idle;
	struct closing *waiting;
	unsigned int threads; /* at work */
};

void closer_init(struct closer *closer);

/* Takes over link, sets it to NULL, and detaches it soon; at once if no thread can be had. */
void closer_take(struct closer *closer, struct link **link);

/* Returns when all are detached. */
void closer_wait(struct closer *closer);

void closer_release(struct closer *closer); /* waits */

#endif
