/* SPDX-License-Identifier: MIT */
/* The searcher's side of search.h. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fnv.h"
#include "base/memory_trim.h"
#include "search/search_wire.h"

#define REQUESTS_AT_ONCE 64 /* then changes of directories have their turn */

struct searcher {
	struct discover *discover;
	struct search_shared *shared;
	int channel;
	bool trimmed; /* after its first search */
};

uint64_t search_place_key(uint64_t namespace, const char *place)
{
	uint64_t key = FNV_START ^ namespace;

	if (namespace == 0)
		key = fnv(key, place, strlen(place));
	return key ? key : 1;
}

static bool enter(void *ctx, uint64_t namespace, const char *place)
{
	const struct searcher *searcher = ctx;
	struct search_shared *shared = searcher->shared;
	uint64_t key = search_place_key(namespace, place);

	if (namespace != 0 && atomic_load(&shared->only_ours))
		return false;
	for (size_t i = 0; i < SEARCH_SKIPS_MAX; i++) {
		if (atomic_load(&shared->skips[i]) == key)
			return false;
	}
	shared->namespace = namespace;
	snprintf(shared->place, sizeof(shared->place), "%s", place);
	atomic_store(&shared->since_ns, clock_monotonic_ns());
	return true;
}

static void leave(void *ctx)
{
	const struct searcher *searcher = ctx;

	atomic_store(&searcher->shared->since_ns, 0);
}

/* Without the owner there is nobody to search for. */
static void answer(const struct searcher *searcher, const struct search_answer *answer, int fd)
{
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr header;
	} control = {0};
	struct iovec text = {.iov_base = (void *)answer, .iov_len = sizeof(*answer)};
	struct msghdr message = {.msg_iov = &text, .msg_iovlen = 1};
	int64_t since = atomic_load(&searcher->shared->since_ns), began = clock_monotonic_ns();
	ssize_t n;

	if (fd >= 0) {
		message.msg_control = control.bytes;
		message.msg_controllen = sizeof(control.bytes);
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
	}
	do
		n = sendmsg(searcher->channel, &message, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		_exit(EX_OK);
	/* The time that the owner took does not count. */
	if (since != 0)
		atomic_store(&searcher->shared->since_ns, since + clock_monotonic_ns() - began);
}

static uint64_t number_of(const struct probe *probe)
{
	return probe ? (uint64_t)(probe - probe_table) : probe_count;
}

static void describe(const struct binary *binary, struct search_answer *answer_r)
{
	answer_r->role = binary->role;
	answer_r->id = binary->id;
	answer_r->probe = number_of(binary->probe);
	answer_r->companion = number_of(binary->companion);
	answer_r->offset = binary->offset;
	answer_r->companion_offset = binary->companion_offset;
	memcpy(answer_r->code, binary->code, sizeof(binary->code));
	memcpy(answer_r->companion_code, binary->companion_code, sizeof(binary->companion_code));
	answer_r->unused = binary->unused;
	snprintf(answer_r->abi, sizeof(answer_r->abi), "%s", binary->abi);
	if (binary->path)
		snprintf(answer_r->path, sizeof(answer_r->path), "%s", binary->path);
	answer_r->error = binary->refusal;
}

static void on_found(void *ctx, const struct binary *binary, const struct binary *replaced)
{
	struct search_answer found = {.type = SEARCH_FOUND, .has_replaced = replaced != NULL};

	describe(binary, &found);
	if (replaced)
		found.replaced = replaced->id;
	answer(ctx, &found, binary->fd);
}

static void on_lost(void *ctx, const struct binary *binary)
{
	struct search_answer lost = {.type = SEARCH_LOST};

	describe(binary, &lost);
	answer(ctx, &lost, -1);
}

static void on_master(void *ctx, int fd, const char *path)
{
	struct search_answer master = {.type = SEARCH_MASTER};

	snprintf(master.path, sizeof(master.path), "%s", path);
	answer(ctx, &master, fd);
}

static void take_exec(const struct searcher *searcher, const struct search_request *request)
{
	struct search_answer unrelated = {.type = SEARCH_UNRELATED};

	if (discover_exec(searcher->discover, request->pid) != DISCOVER_EXEC_UNRELATED ||
	    !request->name[0])
		return;
	memcpy(unrelated.name, request->name, sizeof(unrelated.name) - 1);
	answer(searcher, &unrelated, -1);
}

/* False if nothing was asked. */
static bool take_request(struct searcher *searcher)
{
	struct search_answer scanned = {.type = SEARCH_SCANNED};
	struct search_request request;
	ssize_t n = recv(searcher->channel, &request, sizeof(request), MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (n != (ssize_t)sizeof(request))
		_exit(EX_OK); /* the owner is gone */
	if (request.type == SEARCH_EXEC)
		take_exec(searcher, &request);
	if (request.type != SEARCH_SCAN)
		return true;
	(void)discover_scan(searcher->discover, &scanned.error);
	scanned.limited = discover_limited(searcher->discover);
	scanned.dovecots = discover_dovecots(searcher->discover);
	answer(searcher, &scanned, -1);
	if (!searcher->trimmed)
		memory_trim();
	searcher->trimmed = true;
	return true;
}

static void take_requests(struct searcher *searcher)
{
	for (int i = 0; i < REQUESTS_AT_ONCE && take_request(searcher); i++)
		;
}

static int wait_ms(const struct searcher *searcher)
{
	int64_t due = discover_due_ns(searcher->discover), now = clock_monotonic_ns();

	if (due == INT64_MAX)
		return -1;
	return due <= now ? 0 : (int)((due - now) / NS_PER_MSEC) + 1;
}

void searcher_run(const struct searcher_start *start, int channel, struct search_shared *shared)
{
	const struct search_restored *restored = start->restored;
	struct searcher searcher = {.shared = shared, .channel = channel};
	const struct discover_guard guard = {&searcher, enter, leave};
	struct pollfd fds[2] = {{.fd = channel, .events = POLLIN}, {.events = POLLIN}};

	if (discover_new(&start->options, on_found, &searcher, &searcher.discover, NULL) < 0)
		_exit(EX_OSERR);
	discover_on_lost(searcher.discover, on_lost);
	discover_on_master(searcher.discover, on_master);
	discover_set_guard(searcher.discover, &guard);
	for (; restored->role != 0; restored++)
		(void)discover_restore(searcher.discover, restored->role, &restored->id);
	fds[1].fd = discover_inotify_fd(searcher.discover);
	for (;;) {
		if (poll(fds, 2, wait_ms(&searcher)) < 0 && errno != EINTR)
			_exit(EX_OSERR);
		if (fds[1].revents)
			discover_changed(searcher.discover);
		if (fds[0].revents)
			take_requests(&searcher);
		if (clock_monotonic_ns() >= discover_due_ns(searcher.discover))
			discover_due(searcher.discover);
	}
}
