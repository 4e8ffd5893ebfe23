/* SPDX-License-Identifier: MIT */
/* Places that do not answer: left out, and tried again. */
#include <string.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "search/search_private.h"

#define RETRY_MIN_NS (5 * NS_PER_SEC)
#define RETRY_MAX_NS (3600 * NS_PER_SEC)
#define KILLED_MAX   16 /* searchers that cannot be killed; each waits for a server */

static void report_stalled(const struct search *search, const struct stalled_path *stalled_path,
			   bool end)
{
	if (search->owner->stalled)
		search->owner->stalled(search->owner->ctx, stalled_path->place, end,
				       search->stalled_count);
}

static struct stalled_path *stalled_path_for(struct search *search, uint64_t key)
{
	struct stalled_path *unused = NULL;

	for (size_t i = 0; i < SEARCH_SKIPS_MAX; i++) {
		if (search->stalled[i].key == key)
			return &search->stalled[i];
		if (search->stalled[i].key == 0 && !unused)
			unused = &search->stalled[i];
	}
	return unused;
}

static unsigned int count_killed(const struct search *search)
{
	unsigned int count = 0;

	for (size_t i = 0; i < SEARCH_SKIPS_MAX; i++)
		count += search->stalled[i].key != 0 && search->stalled[i].killed != 0;
	return count;
}

void search_quarantine(struct search *search, pid_t killed)
{
	uint64_t key = search_place_key(search->shared->namespace, search->shared->place);
	struct stalled_path *stalled_path = stalled_path_for(search, key);
	bool new;

	if (!stalled_path) {
		atomic_store(&search->shared->only_ours, true);
		return;
	}
	new = stalled_path->key == 0;
	if (new) {
		*stalled_path = (struct stalled_path){.key = key, .delay_ns = RETRY_MIN_NS};
		memcpy(stalled_path->place, search->shared->place, sizeof(stalled_path->place));
		stalled_path->place[sizeof(stalled_path->place) - 1] = '\0';
		search->stalled_count++;
	} else if (stalled_path->delay_ns < RETRY_MAX_NS) {
		stalled_path->delay_ns *= 2;
	}
	stalled_path->killed = killed;
	stalled_path->retry_ns = clock_monotonic_ns() + stalled_path->delay_ns;
	atomic_store(&search->shared->skips[stalled_path - search->stalled], key);
	atomic_store(&search->shared->only_ours, count_killed(search) >= KILLED_MAX);
	if (new)
		report_stalled(search, stalled_path, false);
}

void search_clear_stalled(struct search *search)
{
	for (size_t i = 0; i < SEARCH_SKIPS_MAX; i++) {
		struct stalled_path stalled_path = search->stalled[i];

		if (stalled_path.key == 0 || stalled_path.retry_ns != 0)
			continue;
		search->stalled[i].key = 0;
		search->stalled_count--;
		report_stalled(search, &stalled_path, true);
	}
}

void search_reap_killed(struct search *search)
{
	for (size_t i = 0; i < SEARCH_SKIPS_MAX; i++) {
		struct stalled_path *stalled_path = &search->stalled[i];

		if (stalled_path->key != 0 && stalled_path->killed != 0 &&
		    waitpid(stalled_path->killed, NULL, WNOHANG) != 0)
			stalled_path->killed = 0;
	}
	atomic_store(&search->shared->only_ours, count_killed(search) >= KILLED_MAX);
}

static bool waits(const struct stalled_path *stalled_path)
{
	return stalled_path->key != 0 && stalled_path->killed == 0 && stalled_path->retry_ns != 0;
}

int64_t search_stalled_due_ns(const struct search *search)
{
	int64_t due = INT64_MAX;

	for (size_t i = 0; i < SEARCH_SKIPS_MAX; i++) {
		const struct stalled_path *stalled_path = &search->stalled[i];

		if (waits(stalled_path) && stalled_path->retry_ns < due)
			due = stalled_path->retry_ns;
	}
	return due;
}

bool search_retry_stalled(struct search *search)
{
	int64_t now = clock_monotonic_ns();
	bool any = false;

	for (size_t i = 0; i < SEARCH_SKIPS_MAX; i++) {
		struct stalled_path *stalled_path = &search->stalled[i];

		if (!waits(stalled_path) || now < stalled_path->retry_ns)
			continue;
		stalled_path->retry_ns = 0;
		atomic_store(&search->shared->skips[i], 0);
		any = true;
	}
	return any;
}
