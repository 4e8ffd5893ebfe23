/* SPDX-License-Identifier: MIT */
/* Places that do not answer: left out, and tried again. */
#include "search/search_private.h"

#include "base/clock.h"

#include <string.h>
#include <sys/wait.h>

#define RETRY_MIN_NS (5 * NS_PER_SEC)
#define RETRY_MAX_NS (3600 * NS_PER_SEC)
#define STUCK_MAX    16 /* searchers that cannot be killed; each waits for a server */

static void tell_hung(const struct search *search, const struct hole *hole, bool end)
{
	if (search->owner->hung)
		search->owner->hung(search->owner->ctx, hole->place, end, search->hung);
}

static struct hole *hole_for(struct search *search, uint64_t key)
{
	struct hole *unused = NULL;

	for (size_t i = 0; i < SEARCH_SKIPS_MAX; i++) {
		if (search->holes[i].key == key)
			return &search->holes[i];
		if (search->holes[i].key == 0 && !unused)
			unused = &search->holes[i];
	}
	return unused;
}

static unsigned int count_stuck(const struct search *search)
{
	unsigned int count = 0;

	for (size_t i = 0; i < SEARCH_SKIPS_MAX; i++)
		count += search->holes[i].key != 0 && search->holes[i].stuck != 0;
	return count;
}

void search_leave_out(struct search *search, pid_t stuck)
{
	uint64_t key = search_place_key(search->shared->namespace, search->shared->place);
	struct hole *hole = hole_for(search, key);
	bool new;

	if (!hole) {
		atomic_store(&search->shared->only_ours, true);
		return;
	}
	new = hole->key == 0;
	if (new) {
		*hole = (struct hole){.key = key, .delay_ns = RETRY_MIN_NS};
		memcpy(hole->place, search->shared->place, sizeof(hole->place));
		hole->place[sizeof(hole->place) - 1] = '\0';
		search->hung++;
	} else if (hole->delay_ns < RETRY_MAX_NS) {
		hole->delay_ns *= 2;
	}
	hole->stuck = stuck;
	hole->retry_ns = clock_monotonic_ns() + hole->delay_ns;
	atomic_store(&search->shared->skips[hole - search->holes], key);
	atomic_store(&search->shared->only_ours, count_stuck(search) >= STUCK_MAX);
	if (new)
		tell_hung(search, hole, false);
}

void search_close_tried_holes(struct search *search)
{
	for (size_t i = 0; i < SEARCH_SKIPS_MAX; i++) {
		struct hole hole = search->holes[i];

		if (hole.key == 0 || hole.retry_ns != 0)
			continue;
		search->holes[i].key = 0;
		search->hung--;
		tell_hung(search, &hole, true);
	}
}

void search_reap_stuck(struct search *search)
{
	for (size_t i = 0; i < SEARCH_SKIPS_MAX; i++) {
		struct hole *hole = &search->holes[i];

		if (hole->key != 0 && hole->stuck != 0 && waitpid(hole->stuck, NULL, WNOHANG) != 0)
			hole->stuck = 0;
	}
	atomic_store(&search->shared->only_ours, count_stuck(search) >= STUCK_MAX);
}

static bool waits(const struct hole *hole)
{
	return hole->key != 0 && hole->stuck == 0 && hole->retry_ns != 0;
}

int64_t search_holes_due_ns(const struct search *search)
{
	int64_t due = INT64_MAX;

	for (size_t i = 0; i < SEARCH_SKIPS_MAX; i++) {
		const struct hole *hole = &search->holes[i];

		if (waits(hole) && hole->retry_ns < due)
			due = hole->retry_ns;
	}
	return due;
}

void search_retry_holes(struct search *search)
{
	int64_t now = clock_monotonic_ns();
	bool any = false;

	for (size_t i = 0; i < SEARCH_SKIPS_MAX; i++) {
		struct hole *hole = &search->holes[i];

		if (!waits(hole) || now < hole->retry_ns)
			continue;
		hole->retry_ns = 0;
		atomic_store(&search->shared->skips[i], 0);
		any = true;
	}
	if (any)
		search_scan(search);
}
