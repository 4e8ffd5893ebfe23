/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utlist.h>

#include "base/clock.h"
#include "search/root.h"
#include "search/search_private.h"

int search_new(const struct discover_options *options, const struct search_owner *owner,
	       struct search **search_r, struct error *error_r)
{
	struct search *search;
	int ret = root_check(error_r);

	if (ret < 0)
		return ret;
	search = calloc(1, sizeof(*search));
	if (!search)
		return error_set(error_r, ENOMEM, "out of memory");
	search->options = options;
	search->owner = owner;
	search->channel = search->shared_fd = search->program = -1;
	ret = search_share(search, error_r);
	if (ret < 0) {
		search_free(&search);
		return ret;
	}
	*search_r = search;
	return 0;
}

int search_start(struct search *search, enum search_rights rights, const struct priv_user *user,
		 int program, struct error *error_r)
{
	search->rights = rights;
	search->user = user ? *user : (struct priv_user){0};
	search->program = program;
	return search_start_process(search, error_r);
}

static void forget_channel(struct search *search)
{
	if (search->channel >= 0)
		close(search->channel);
	search->channel = -1;
}

void search_free(struct search **search)
{
	struct reported_file *reported_file, *next;

	if (!*search)
		return;
	forget_channel(*search);
	if ((*search)->pid > 0) {
		kill((*search)->pid, SIGKILL);
		(void)waitpid((*search)->pid, NULL, WNOHANG);
	}
	LL_FOREACH_SAFE((*search)->reported_file, reported_file, next)
		search_reported_free(reported_file);
	if ((*search)->shared)
		munmap((*search)->shared, sizeof(*(*search)->shared));
	if ((*search)->shared_fd >= 0)
		close((*search)->shared_fd);
	free(*search);
	*search = NULL;
}

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

int search_fd(const struct search *search)
{
	return search->channel;
}

void search_replace(struct search *search)
{
	forget_channel(search);
	search->pid = 0;
	search_forget_unused(search);
	search->scans = 0;
	search->restart_ns = clock_monotonic_ns();
}

/* Its messages so far must be read before it is judged. */
static bool has_output(const struct search *search)
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
	    has_output(search))
		return;
	kill(search->pid, SIGKILL);
	search_quarantine(search, search->pid);
	search_replace(search);
}

int64_t search_due_ns(const struct search *search)
{
	int64_t since = atomic_load(&search->shared->since_ns);
	int64_t due = search_stalled_due_ns(search);

	if (search->restart_ns != 0)
		return search->restart_ns;
	if (search->judge_ns != 0 && search->judge_ns < due)
		due = search->judge_ns;
	if (since != 0 && since + SEARCH_PATIENCE_NS < due)
		due = since + SEARCH_PATIENCE_NS;
	return due;
}

void search_due(struct search *search)
{
	search_reap_killed(search);
	judge(search);
	if (search->restart_ns != 0 && clock_monotonic_ns() >= search->restart_ns) {
		if (search_start_process(search, NULL) < 0)
			search->restart_ns = clock_monotonic_ns() + NS_PER_SEC;
		else
			search_scan(search);
	}
	if (search_retry_stalled(search))
		search_scan(search);
}

static void take_scanned(struct search *search, const struct search_answer *answer)
{
	if (search->scans > 0)
		search->scans--;
	search_clear_stalled(search);
	if (search->owner->scanned)
		search->owner->scanned(search->owner->ctx, &answer->error, answer->limited,
				       answer->dovecots);
}

static void take(struct search *search, struct search_answer *answer, int fd)
{
	answer->path[sizeof(answer->path) - 1] = answer->abi[sizeof(answer->abi) - 1] = '\0';
	answer->name[sizeof(answer->name) - 1] = '\0';
	answer->error.text[sizeof(answer->error.text) - 1] = '\0';
	if (answer->type == SEARCH_FOUND && fd >= 0) {
		search_take_found(search, answer, fd);
		return;
	}
	if (answer->type == SEARCH_MASTER && fd >= 0 && search->owner->master)
		search->owner->master(search->owner->ctx, fd, answer->path);
	if (fd >= 0)
		close(fd);
	if (answer->type == SEARCH_LOST)
		search_take_lost(search, answer);
	else if (answer->type == SEARCH_SCANNED)
		take_scanned(search, answer);
	else if (answer->type == SEARCH_UNRELATED && search->owner->unrelated)
		search->owner->unrelated(search->owner->ctx, answer->name);
}

/* Returns 1 with a message, 0 at the end, or a negative errno. */
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

void search_receive(struct search *search)
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
	/* It has ended: the next one skips what it was examining. */
	kill(search->pid, SIGKILL);
	if (atomic_load(&search->shared->since_ns) != 0)
		search_quarantine(search, search->pid);
	else
		(void)waitpid(search->pid, NULL, 0);
	search_replace(search);
	search->restart_ns += NS_PER_SEC;
}
