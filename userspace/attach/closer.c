/* SPDX-License-Identifier: MIT */
#include "attach/closer.h"

#include <stdbool.h>
#include <stdlib.h>
#include <utlist.h>

#include "attach/attach.h"

#define STACK_BYTES (128 << 10)

struct closing {
	struct link *link;
	struct closing *next;
};

void closer_init(struct closer *closer)
{
	*closer = (struct closer){.waiting = NULL};
	pthread_mutex_init(&closer->lock, NULL);
	pthread_cond_init(&closer->idle, NULL);
}

/* With the lock held, as when it returns. */
static void close_next(struct closer *closer)
{
	struct closing *next = closer->waiting;

	LL_DELETE(closer->waiting, next);
	pthread_mutex_unlock(&closer->lock);
	link_detach(&next->link);
	free(next);
	pthread_mutex_lock(&closer->lock);
}

static void *work(void *ctx)
{
	struct closer *closer = ctx;

	pthread_mutex_lock(&closer->lock);
	while (closer->waiting)
		close_next(closer);
	if (--closer->threads == 0)
		pthread_cond_signal(&closer->idle);
	pthread_mutex_unlock(&closer->lock);
	return NULL;
}

static bool start_thread(struct closer *closer)
{
	pthread_attr_t attributes;
	pthread_t thread;
	int ret;

	pthread_attr_init(&attributes);
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attributes, STACK_BYTES);
	ret = pthread_create(&thread, &attributes, work, closer);
	pthread_attr_destroy(&attributes);
	return ret == 0;
}

void closer_take(struct closer *closer, struct link **link)
{
	struct closing *closing = malloc(sizeof(*closing));

	if (!closing) {
		link_detach(link);
		return;
	}
	closing->link = *link;
	*link = NULL;
	pthread_mutex_lock(&closer->lock);
	LL_APPEND(closer->waiting, closing);
	if (closer->threads < CLOSER_THREADS && start_thread(closer))
		closer->threads++;
	if (closer->threads == 0)
		close_next(closer);
	pthread_mutex_unlock(&closer->lock);
}

void closer_wait(struct closer *closer)
{
	pthread_mutex_lock(&closer->lock);
	while (closer->threads > 0)
		pthread_cond_wait(&closer->idle, &closer->lock);
	pthread_mutex_unlock(&closer->lock);
}

void closer_release(struct closer *closer)
{
	closer_wait(closer);
	pthread_cond_destroy(&closer->idle);
	pthread_mutex_destroy(&closer->lock);
}
