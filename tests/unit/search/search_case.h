/* SPDX-License-Identifier: MIT */
/* A search whose searcher is the test: what it reports is what the test writes to the channel. */
#ifndef DOVETAP_SEARCH_CASE_H
#define DOVETAP_SEARCH_CASE_H

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../cmocka_all.h"
#include "base/clock.h"
#include "search/search_private.h"

struct search_case {
	struct discover_options options;
	struct search_owner owner;
	struct search *search;
	int searcher; /* its end of the channel */

	/* What the owner heard. */
	unsigned int found, lost, scanned, unrelated, stalled, recovered;
	const struct binary *last;
	bool replaced;
	char path[256], replaced_path[256], name[32], place[SEARCH_PLACE_MAX];
	unsigned int limited, dovecots, stalled_count;
	struct error error;
};

static inline void case_found(void *ctx, const struct binary *binary, const struct binary *replaced)
{
	struct search_case *it = ctx;

	it->found++;
	it->last = binary;
	it->replaced = replaced != NULL;
	(void)snprintf(it->path, sizeof(it->path), "%s", binary->path);
	if (replaced)
		(void)snprintf(it->replaced_path, sizeof(it->replaced_path), "%s",
			       replaced->path ? replaced->path : "(none)");
}

static inline void case_lost(void *ctx, const struct binary *binary)
{
	struct search_case *it = ctx;

	(void)binary;
	it->lost++;
}

static inline void case_scanned(void *ctx, const struct error *error, unsigned int limited,
				unsigned int dovecots)
{
	struct search_case *it = ctx;

	it->scanned++;
	it->error = *error;
	it->limited = limited;
	it->dovecots = dovecots;
}

static inline void case_unrelated(void *ctx, const char *name)
{
	struct search_case *it = ctx;

	it->unrelated++;
	(void)snprintf(it->name, sizeof(it->name), "%s", name);
}

static inline void case_stalled(void *ctx, const char *place, bool end, unsigned int count)
{
	struct search_case *it = ctx;

	*(end ? &it->recovered : &it->stalled) += 1;
	it->stalled_count = count;
	(void)snprintf(it->place, sizeof(it->place), "%s", place);
}

static inline int case_set_up(void **state)
{
	struct search_case *it = calloc(1, sizeof(*it));
	int pair[2];

	it->owner = (struct search_owner){.ctx = it,
					  .found = case_found,
					  .lost = case_lost,
					  .scanned = case_scanned,
					  .unrelated = case_unrelated,
					  .stalled = case_stalled};
	if (search_new(&it->options, &it->owner, &it->search, NULL) < 0 ||
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -1;
	it->search->channel = pair[0];
	it->searcher = pair[1];
	*state = it;
	return 0;
}

static inline int case_tear_down(void **state)
{
	struct search_case *it = *state;

	search_free(&it->search);
	close(it->searcher);
	free(it);
	return 0;
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, case_set_up, case_tear_down)

/* Of a file with that inode number: a build that can be probed. */
static inline struct search_answer case_answer(const char *path, uint64_t ino)
{
	struct search_answer answer = {.type = SEARCH_FOUND,
				       .role = probe_table[0].role,
				       .id = {.ino = ino, .size = 9},
				       .probe = 0,
				       .companion = probe_count,
				       .offset = 77};

	(void)snprintf(answer.path, sizeof(answer.path), "%s", path);
	(void)snprintf(answer.abi, sizeof(answer.abi), "2.4.ABIv1");
	return answer;
}

static inline int case_fd(void)
{
	return open("/dev/null", O_PATH | O_CLOEXEC);
}

static inline bool is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

#endif
