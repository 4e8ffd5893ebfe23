/* SPDX-License-Identifier: MIT */
#include "collector/lookups.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <utlist.h>

#define ANSWER_MAX (1U << 20)
#define NAME_LIMIT 65536

enum state { WAITING, ASKED, DONE };

struct lookup {
	struct lookup *prev, *next;
	uint64_t number;
	int64_t put_ns;
	enum state state;
	bool abandoned; /* nobody waits for it any more; the thread frees it */
	struct buf user, answer;
	int ret;
	struct error error;
};

struct lookups {
	lookups_fn *fn;
	const void *context;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	pthread_t thread;
	bool started, ended;
	struct lookup *list; /* utlist; in the order in which they were put */
	size_t count;
	uint64_t last;
	double tokens; /* questions that may be put at once */
	int64_t filled_ns;
};

static void free_lookup(struct lookups *lookups, struct lookup *lookup)
{
	DL_DELETE(lookups->list, lookup);
	lookups->count--;
	buf_release(&lookup->user);
	buf_release(&lookup->answer);
	free(lookup);
}

/* --- the thread ------------------------------------------------------------------------------- */

static struct lookup *first_waiting(const struct lookups *lookups)
{
	struct lookup *lookup;

	DL_FOREACH(lookups->list, lookup) {
		if (lookup->state == WAITING)
			break;
	}
	return lookup;
}

/* Called with the lock, which others have meanwhile. */
static void ask(struct lookups *lookups, struct lookup *lookup)
{
	int64_t left = lookup->put_ns + LOOKUPS_NS - clock_monotonic_ns();

	lookup->state = ASKED;
	pthread_mutex_unlock(&lookups->lock);
	if (left > 0)
		lookup->ret = lookups->fn(lookups->context, buf_slice(&lookup->user), left,
					  &lookup->answer, &lookup->error);
	else
		lookup->ret = error_set(&lookup->error, ETIMEDOUT,
					"others were asked for, and the time was over");
	pthread_mutex_lock(&lookups->lock);
	lookup->state = DONE;
	if (lookup->abandoned)
		free_lookup(lookups, lookup);
}

static void *work(void *context)
{
	struct lookups *lookups = context;
	struct lookup *lookup;

	pthread_mutex_lock(&lookups->lock);
	while (!lookups->ended) {
		lookup = first_waiting(lookups);
		if (lookup)
			ask(lookups, lookup);
		else
			pthread_cond_wait(&lookups->wake, &lookups->lock);
	}
	pthread_mutex_unlock(&lookups->lock);
	return NULL;
}

static int start(struct lookups *lookups)
{
	if (!lookups->started)
		lookups->started = pthread_create(&lookups->thread, NULL, work, lookups) == 0;
	return lookups->started ? 0 : -EAGAIN;
}

/* --- its owner -------------------------------------------------------------------------------- */

int lookups_new(lookups_fn *fn, const void *context, struct lookups **lookups_r)
{
	struct lookups *lookups = calloc(1, sizeof(*lookups));

	if (!lookups)
		return -ENOMEM;
	lookups->fn = fn;
	lookups->context = context;
	lookups->tokens = LOOKUPS_MAX;
	pthread_mutex_init(&lookups->lock, NULL);
	pthread_cond_init(&lookups->wake, NULL);
	*lookups_r = lookups;
	return 0;
}

void lookups_free(struct lookups **lookups_p)
{
	struct lookups *lookups = *lookups_p;

	if (!lookups)
		return;
	pthread_mutex_lock(&lookups->lock);
	lookups->ended = true;
	pthread_cond_signal(&lookups->wake);
	pthread_mutex_unlock(&lookups->lock);
	if (lookups->started)
		pthread_join(lookups->thread, NULL);
	while (lookups->list)
		free_lookup(lookups, lookups->list);
	pthread_mutex_destroy(&lookups->lock);
	pthread_cond_destroy(&lookups->wake);
	free(lookups);
	*lookups_p = NULL;
}

/* Not one that the thread has. */
static void give_up(struct lookups *lookups, struct lookup *lookup)
{
	if (lookup->state == ASKED)
		lookup->abandoned = true;
	else
		free_lookup(lookups, lookup);
}

/* Answers that nobody has taken make room for questions. */
static bool make_room(struct lookups *lookups)
{
	struct lookup *lookup;

	if (lookups->count < LOOKUPS_MAX)
		return true;
	DL_FOREACH(lookups->list, lookup) {
		if (lookup->state == DONE)
			break;
	}
	if (lookup)
		free_lookup(lookups, lookup);
	return lookup != NULL;
}

static bool take_token(struct lookups *lookups, int64_t now_ns)
{
	if (lookups->filled_ns > 0)
		lookups->tokens +=
			(double)(now_ns - lookups->filled_ns) * LOOKUPS_RATE / (double)NS_PER_SEC;
	lookups->filled_ns = now_ns;
	if (lookups->tokens > LOOKUPS_MAX)
		lookups->tokens = LOOKUPS_MAX;
	if (lookups->tokens < 1)
		return false;
	lookups->tokens--;
	return true;
}

static int put(struct lookups *lookups, struct slice user, int64_t now_ns, uint64_t *number_r)
{
	struct lookup *lookup = calloc(1, sizeof(*lookup));

	if (!lookup)
		return -ENOMEM;
	buf_init(&lookup->user, NAME_LIMIT);
	buf_init(&lookup->answer, ANSWER_MAX);
	if (buf_append_slice(&lookup->user, user) < 0) {
		buf_release(&lookup->user);
		free(lookup);
		return -ENOMEM;
	}
	lookup->put_ns = now_ns;
	*number_r = lookup->number = ++lookups->last;
	DL_APPEND(lookups->list, lookup);
	lookups->count++;
	pthread_cond_signal(&lookups->wake);
	return 0;
}

int lookups_begin(struct lookups *lookups, struct slice user, int64_t now_ns, uint64_t *number_r)
{
	int ret;

	if (user.len == 0 || user.len >= NAME_LIMIT)
		return -EINVAL;
	pthread_mutex_lock(&lookups->lock);
	ret = make_room(lookups) && take_token(lookups, now_ns) ? start(lookups) : -EAGAIN;
	if (ret == 0)
		ret = put(lookups, user, now_ns, number_r);
	pthread_mutex_unlock(&lookups->lock);
	return ret;
}

static int take(struct lookups *lookups, struct lookup *lookup, int64_t now_ns, struct buf *out,
		int *ret_r, struct error *error_r)
{
	if (lookup->state != DONE && now_ns - lookup->put_ns < LOOKUPS_NS)
		return 0;
	if (lookup->state == DONE) {
		*ret_r = lookup->ret;
		*error_r = lookup->error;
		buf_append_slice(out, buf_slice(&lookup->answer));
	} else {
		*ret_r = error_set(error_r, ETIMEDOUT, "the store has not answered within %.1f s",
				   (double)LOOKUPS_NS / (double)NS_PER_SEC);
	}
	give_up(lookups, lookup);
	return 1;
}

int lookups_take(struct lookups *lookups, uint64_t number, int64_t now_ns, struct buf *out,
		 int *ret_r, struct error *error_r)
{
	struct lookup *lookup;
	int ret = -ENOENT;

	pthread_mutex_lock(&lookups->lock);
	DL_FOREACH(lookups->list, lookup) {
		if (lookup->number == number && !lookup->abandoned)
			break;
	}
	if (lookup)
		ret = take(lookups, lookup, now_ns, out, ret_r, error_r);
	pthread_mutex_unlock(&lookups->lock);
	return ret;
}
