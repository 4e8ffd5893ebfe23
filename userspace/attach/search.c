/* SPDX-License-Identifier: MIT */
#include "attach/search.h"

#include "attach/layout.h"
#include "attach/root.h"
#include "attach/search_wire.h"
#include "base/clock.h"
#include "priv/drop.h"
#include "priv/sandbox.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <syslog.h>
#include <unistd.h>

#include <utlist.h>

#define RETRY_MIN_NS (10 * NS_PER_SEC)
#define RETRY_MAX_NS (3600 * NS_PER_SEC)
#define STUCK_MAX    16 /* searchers that cannot be killed; each waits for a server */

/* A file that was told of, or restored. */
struct told {
	struct build build;
	struct told *next;
};

/* A place that did not answer. */
struct hole {
	char place[SEARCH_PLACE_MAX];
	uint64_t key;	  /* 0: free */
	pid_t stuck;	  /* the searcher that was killed over it; 0: it has gone */
	int64_t delay_ns; /* until it is tried again, doubled with each time */
	int64_t retry_ns; /* 0: it is being tried */
};

struct search {
	const struct discover_options *options;
	const struct search_owner *owner;
	struct search_shared *shared;
	struct told *told;
	struct hole holes[SEARCH_SKIPS_MAX]; /* as in shared->skips */
	unsigned int hung;
	pid_t pid; /* 0: none */
	int channel;
	enum search_rights rights;
	int64_t restart_ns; /* 0: not planned */
	int64_t judge_ns;   /* when to see how far it has come with what was asked; 0: not */
	unsigned int scans; /* asked for and not answered */
};

static void told_free(struct told *told)
{
	build_release(&told->build);
	free(told);
}

static void forget(struct search *search, struct told *told)
{
	struct told **at = &search->told;

	while (*at && *at != told)
		at = &(*at)->next;
	if (*at)
		*at = told->next;
	told_free(told);
}

int search_new(const struct discover_options *options, const struct search_owner *owner,
	       struct search **search_r, struct error *error_r)
{
	struct search *search;
	int err = root_check(error_r);

	if (err < 0)
		return err;
	search = calloc(1, sizeof(*search));
	if (!search)
		return error_set(error_r, ENOMEM, "out of memory");
	search->options = options;
	search->owner = owner;
	search->channel = -1;
	search->shared = mmap(NULL, sizeof(*search->shared), PROT_READ | PROT_WRITE,
			      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (search->shared == MAP_FAILED) {
		free(search);
		return error_set(error_r, ENOMEM, "out of memory");
	}
	*search_r = search;
	return 0;
}

static struct told *find(const struct search *search, uint32_t role, const struct file_id *id)
{
	struct told *told;

	LL_FOREACH(search->told, told) {
		if (told->build.role == role && file_id_equal(&told->build.id, id))
			return told;
	}
	return NULL;
}

int search_restore(struct search *search, enum priv_role role, const struct file_id *id)
{
	struct told *told;

	if (find(search, role, id))
		return 0;
	told = calloc(1, sizeof(*told));
	if (!told)
		return -ENOMEM;
	told->build = (struct build){.role = role, .fd = -1, .id = *id};
	LL_APPEND(search->told, told);
	return 0;
}

/* --- starting and ending a searcher ---------------------------------------------------------- */

/* In the child: nothing of the owner's but the channel. */
static void become_searcher(const struct search *search, pid_t parent)
{
	closelog();
	if (search->channel > STDERR_FILENO + 1)
		close_range(STDERR_FILENO + 1, (unsigned int)search->channel - 1, 0);
	close_range((unsigned int)search->channel + 1, ~0U, 0);
	prctl(PR_SET_NAME, SEARCH_NAME);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent ||
	    (search->rights != SEARCH_AS_WE_ARE && priv_keep(PRIV_KEEP_SEARCH, NULL) < 0) ||
	    (search->rights == SEARCH_SANDBOXED && priv_sandbox_enter(PRIV_SEARCHER, NULL) < 0))
		_exit(EX_OSERR);
}

static struct search_restored *list_told(const struct search *search)
{
	struct search_restored *list;
	const struct told *told;
	size_t count = 0;

	LL_COUNT(search->told, told, count);
	list = calloc(count + 1, sizeof(*list));
	count = 0;
	LL_FOREACH(search->told, told) {
		if (list)
			list[count++] = (struct search_restored){told->build.role, told->build.id};
	}
	return list;
}

static int start(struct search *search, struct error *error_r)
{
	struct search_restored *restored = list_told(search);
	pid_t parent = getpid();
	int pair[2];

	if (!restored)
		return error_set(error_r, ENOMEM, "out of memory");
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) {
		free(restored);
		return error_set(error_r, errno, "socketpair: %s", strerror(errno));
	}
	atomic_store(&search->shared->since_ns, 0);
	(void)fflush(NULL);
	search->pid = fork();
	if (search->pid == 0) {
		search->channel = pair[1];
		become_searcher(search, parent);
		searcher_run(search->options, restored, pair[1], search->shared);
	}
	free(restored);
	close(pair[1]);
	if (search->pid < 0) {
		search->pid = 0;
		close(pair[0]);
		return error_set(error_r, errno, "fork: %s", strerror(errno));
	}
	search->channel = pair[0];
	search->restart_ns = 0;
	return 0;
}

int search_start(struct search *search, enum search_rights rights, struct error *error_r)
{
	search->rights = rights;
	return start(search, error_r);
}

static void forget_channel(struct search *search)
{
	if (search->channel >= 0)
		close(search->channel);
	search->channel = -1;
}

void search_free(struct search **search)
{
	struct told *told, *next;

	if (!*search)
		return;
	forget_channel(*search);
	if ((*search)->pid > 0) {
		kill((*search)->pid, SIGKILL);
		(void)waitpid((*search)->pid, NULL, WNOHANG);
	}
	LL_FOREACH_SAFE((*search)->told, told, next)
		told_free(told);
	munmap((*search)->shared, sizeof(*(*search)->shared));
	free(*search);
	*search = NULL;
}

/* --- asking ------------------------------------------------------------------------------------
 */

static bool ask(struct search *search, const struct search_request *request)
{
	search->judge_ns = clock_monotonic_ns() + SEARCH_PATIENCE_NS + NS_PER_SEC;
	return search->channel >= 0 &&
	       send(search->channel, request, sizeof(*request), MSG_DONTWAIT | MSG_NOSIGNAL) ==
		       (ssize_t)sizeof(*request);
}

void search_scan(struct search *search)
{
	const struct search_request request = {.type = SEARCH_SCAN};

	if (search->scans < 2 && ask(search, &request))
		search->scans++;
}

bool search_exec(struct search *search, pid_t pid, const char *name)
{
	struct search_request request = {.type = SEARCH_EXEC, .pid = pid};

	if (name)
		memcpy(request.name, name, strnlen(name, sizeof(request.name) - 1));
	return ask(search, &request);
}

/* --- places that do not answer ------------------------------------------------------------------
 */

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

/* Leaves out what the searcher was looking at when it had to be ended. */
static void leave_out(struct search *search, pid_t stuck)
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

/* It went well: everything was searched with these places as well. */
static void close_tried_holes(struct search *search)
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

/* A killed searcher that is gone at last says that the server has answered. */
static void reap_stuck(struct search *search)
{
	for (size_t i = 0; i < SEARCH_SKIPS_MAX; i++) {
		struct hole *hole = &search->holes[i];

		if (hole->key != 0 && hole->stuck != 0 && waitpid(hole->stuck, NULL, WNOHANG) != 0)
			hole->stuck = 0;
	}
	atomic_store(&search->shared->only_ours, count_stuck(search) >= STUCK_MAX);
}

static void retry(struct search *search)
{
	int64_t now = clock_monotonic_ns();
	bool any = false;

	for (size_t i = 0; i < SEARCH_SKIPS_MAX; i++) {
		struct hole *hole = &search->holes[i];

		if (hole->key == 0 || hole->stuck != 0 || hole->retry_ns == 0 ||
		    now < hole->retry_ns)
			continue;
		hole->retry_ns = 0;
		atomic_store(&search->shared->skips[i], 0);
		any = true;
	}
	if (any)
		search_scan(search);
}

/* --- hearing ------------------------------------------------------------------------------------
 */

static const struct probe *probe_of(uint64_t number, uint32_t role)
{
	if (number >= probe_count || probe_table[number].role != (enum priv_role)role)
		return NULL;
	return &probe_table[number];
}

static struct told *told_new(const struct search_answer *answer, int fd)
{
	struct told *told = calloc(1, sizeof(*told));

	if (!told)
		return NULL;
	told->build = (struct build){
		.role = answer->role,
		.fd = fd,
		.path = strdup(answer->path),
		.id = answer->id,
		.probe = probe_of(answer->probe, answer->role),
		.offset = answer->offset,
		.beside = probe_of(answer->beside, answer->role),
		.beside_offset = answer->beside_offset,
		.unused = answer->unused,
		.refusal = answer->error,
	};
	memcpy(told->build.abi, answer->abi, sizeof(answer->abi));
	memcpy(told->build.code, answer->code, sizeof(answer->code));
	memcpy(told->build.beside_code, answer->beside_code, sizeof(answer->beside_code));
	if (told->build.probe &&
	    layout_require(told->build.abi, &told->build.layout, &told->build.refusal) < 0)
		told->build.probe = NULL;
	if (!told->build.path) {
		told->build.fd = -1;
		told_free(told);
		return NULL;
	}
	return told;
}

/* What this search was told of a file that an earlier searcher or process had left. */
static bool is_known(const struct told *known)
{
	return known && known->build.path;
}

static void take_found(struct search *search, const struct search_answer *answer, int fd)
{
	struct told *known = find(search, answer->role, &answer->id);
	struct told *replaced = NULL, *told = NULL;

	if (answer->has_replaced)
		replaced = find(search, answer->role, &answer->replaced);
	if (!is_known(known))
		told = told_new(answer, fd);
	if (!told) {
		if (fd >= 0)
			close(fd);
		return;
	}
	if (known)
		forget(search, known);
	LL_APPEND(search->told, told);
	search->owner->found(search->owner->ctx, &told->build, replaced ? &replaced->build : NULL);
	if (replaced)
		forget(search, replaced);
}

static void take_lost(struct search *search, const struct search_answer *answer)
{
	struct told *told = find(search, answer->role, &answer->id);

	if (!told)
		return;
	if (search->owner->lost)
		search->owner->lost(search->owner->ctx, &told->build);
	forget(search, told);
}

static void take_scanned(struct search *search, const struct search_answer *answer)
{
	if (search->scans > 0)
		search->scans--;
	close_tried_holes(search);
	if (search->owner->scanned)
		search->owner->scanned(search->owner->ctx, &answer->error);
}

static void take(struct search *search, struct search_answer *answer, int fd)
{
	answer->path[sizeof(answer->path) - 1] = answer->abi[sizeof(answer->abi) - 1] = '\0';
	answer->name[sizeof(answer->name) - 1] = '\0';
	answer->error.text[sizeof(answer->error.text) - 1] = '\0';
	if (answer->type == SEARCH_FOUND && fd >= 0) {
		take_found(search, answer, fd);
		return;
	}
	if (fd >= 0)
		close(fd);
	if (answer->type == SEARCH_LOST)
		take_lost(search, answer);
	else if (answer->type == SEARCH_SCANNED)
		take_scanned(search, answer);
	else if (answer->type == SEARCH_STRANGER && search->owner->stranger)
		search->owner->stranger(search->owner->ctx, answer->name);
}

/* Returns 1 with what was said, 0 at the end, or a negative errno. */
static int receive(const struct search *search, struct search_answer *answer_r, int *fd_r)
{
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr header;
	} control;
	struct iovec text = {.iov_base = answer_r, .iov_len = sizeof(*answer_r)};
	struct msghdr message = {
		.msg_iov = &text,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes),
	};
	const struct cmsghdr *header;
	ssize_t n = recvmsg(search->channel, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

	*fd_r = -1;
	if (n < 0)
		return -errno;
	header = CMSG_FIRSTHDR(&message);
	if (header && header->cmsg_type == SCM_RIGHTS && header->cmsg_len == CMSG_LEN(sizeof(int)))
		memcpy(fd_r, CMSG_DATA(header), sizeof(int));
	return n == (ssize_t)sizeof(*answer_r) ? 1 : 0;
}

int search_fd(const struct search *search)
{
	return search->channel;
}

/* What is refused for want of an importer may have one by now. */
static void forget_unused(struct search *search)
{
	struct told *told, *next;

	LL_FOREACH_SAFE(search->told, told, next) {
		if (!told->build.unused)
			continue;
		if (search->owner->lost)
			search->owner->lost(search->owner->ctx, &told->build);
		forget(search, told);
	}
}

/* The searcher was ended, or has ended by itself. The next one searches everything. */
static void replace(struct search *search)
{
	forget_channel(search);
	search->pid = 0;
	forget_unused(search);
	search->scans = 0;
	search->restart_ns = clock_monotonic_ns();
}

void search_hear(struct search *search)
{
	struct search_answer answer;
	int fd, ret = 1;

	/* Not for ever: the loop has others to serve. */
	for (int i = 0; i < 16 && search->channel >= 0 && ret > 0; i++) {
		ret = receive(search, &answer, &fd);
		if (ret > 0)
			take(search, &answer, fd);
		else if (ret == 0 && fd >= 0)
			close(fd);
	}
	if (ret != 0 || search->channel < 0)
		return;
	/* It is gone: whatever it was looking at, the next one does not. */
	kill(search->pid, SIGKILL);
	if (atomic_load(&search->shared->since_ns) != 0)
		leave_out(search, search->pid);
	else
		(void)waitpid(search->pid, NULL, 0);
	replace(search);
	search->restart_ns += NS_PER_SEC;
}

/* What it has said so far must be heard before it is judged. */
static bool has_something_to_say(const struct search *search)
{
	struct pollfd fd = {.fd = search->channel, .events = POLLIN};

	return poll(&fd, 1, 0) > 0;
}

static void judge(struct search *search)
{
	int64_t since = atomic_load(&search->shared->since_ns);

	if (clock_monotonic_ns() >= search->judge_ns)
		search->judge_ns = 0;
	if (search->pid == 0 || since == 0 || clock_monotonic_ns() < since + SEARCH_PATIENCE_NS ||
	    has_something_to_say(search))
		return;
	kill(search->pid, SIGKILL);
	leave_out(search, search->pid);
	replace(search);
}

int64_t search_due_ns(const struct search *search)
{
	int64_t since = atomic_load(&search->shared->since_ns);
	int64_t due = INT64_MAX;

	if (search->restart_ns != 0)
		return search->restart_ns;
	if (search->judge_ns != 0)
		due = search->judge_ns;
	if (since != 0 && since + SEARCH_PATIENCE_NS < due)
		due = since + SEARCH_PATIENCE_NS;
	for (size_t i = 0; i < SEARCH_SKIPS_MAX; i++) {
		const struct hole *hole = &search->holes[i];

		if (hole->key != 0 && hole->stuck == 0 && hole->retry_ns != 0 &&
		    hole->retry_ns < due)
			due = hole->retry_ns;
	}
	return due;
}

void search_due(struct search *search)
{
	reap_stuck(search);
	judge(search);
	if (search->restart_ns != 0 && clock_monotonic_ns() >= search->restart_ns) {
		if (start(search, NULL) < 0)
			search->restart_ns = clock_monotonic_ns() + NS_PER_SEC;
		else
			search_scan(search);
	}
	retry(search);
}

/* --- all at once --------------------------------------------------------------------------------
 */

struct once {
	const struct search_owner *owner;
	struct error error;
	bool done;
};

static void once_found(void *ctx, const struct build *build, const struct build *replaced)
{
	const struct once *once = ctx;

	once->owner->found(once->owner->ctx, build, replaced);
}

static void once_scanned(void *ctx, const struct error *error)
{
	struct once *once = ctx;

	once->error = *error;
	once->done = true;
}

static void once_hung(void *ctx, const char *place, bool end, unsigned int count)
{
	const struct once *once = ctx;

	if (once->owner->hung)
		once->owner->hung(once->owner->ctx, place, end, count);
}

int search_once(const struct discover_options *options, const struct search_owner *owner,
		struct error *error_r)
{
	struct once once = {.owner = owner};
	const struct search_owner mine = {
		.ctx = &once,
		.found = once_found,
		.scanned = once_scanned,
		.hung = once_hung,
	};
	struct search *search = NULL;
	int err = search_new(options, &mine, &search, error_r);

	if (err < 0)
		return err;
	assert(search);
	err = search_start(search, SEARCH_AS_WE_ARE, error_r);
	if (err == 0)
		search_scan(search);
	while (err == 0 && !once.done) {
		struct pollfd fd = {.fd = search_fd(search), .events = POLLIN};

		(void)poll(&fd, 1, 100);
		if (fd.revents)
			search_hear(search);
		search_due(search);
	}
	search_free(&search);
	if (err == 0 && once.error.code != 0 && error_r)
		*error_r = once.error;
	return err < 0 ? err : -once.error.code;
}
