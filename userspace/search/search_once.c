/* SPDX-License-Identifier: MIT */
/* All of a search at once. */
#include <assert.h>
#include <poll.h>

#include "search/search.h"

struct once {
	const struct search_owner *owner;
	struct error error;
	bool done;
};

static void once_found(void *ctx, const struct binary *binary, const struct binary *replaced)
{
	const struct once *once = ctx;

	once->owner->found(once->owner->ctx, binary, replaced);
}

static void once_scanned(void *ctx, const struct error *error, unsigned int limited,
			 unsigned int dovecots)
{
	struct once *once = ctx;

	(void)limited;
	(void)dovecots;
	once->error = *error;
	once->done = true;
}

static void once_stalled(void *ctx, const char *place, bool end, unsigned int count)
{
	const struct once *once = ctx;

	if (once->owner->stalled)
		once->owner->stalled(once->owner->ctx, place, end, count);
}

int search_once(const struct discover_options *options, const struct search_owner *owner,
		struct error *error_r)
{
	struct once once = {.owner = owner};
	const struct search_owner mine = {
		.ctx = &once,
		.found = once_found,
		.scanned = once_scanned,
		.stalled = once_stalled,
	};
	struct search *search = NULL;
	int ret = search_new(options, &mine, &search, error_r);

	if (ret < 0)
		return ret;
	assert(search);
	ret = search_start(search, SEARCH_AS_WE_ARE, NULL, -1, error_r);
	if (ret == 0)
		search_scan(search);
	while (ret == 0 && !once.done) {
		struct pollfd fd = {.fd = search_fd(search), .events = POLLIN};

		(void)poll(&fd, 1, 100);
		if (fd.revents)
			search_receive(search);
		search_due(search);
	}
	search_free(&search);
	if (ret == 0 && once.error.code != 0 && error_r)
		*error_r = once.error;
	return ret < 0 ? ret : -once.error.code;
}
