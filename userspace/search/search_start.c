/* SPDX-License-Identifier: MIT */
/* The owner's part of the start of a searcher. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <syslog.h>
#include <unistd.h>

#include "base/memfile.h"
#include "priv/fd_message.h"
#include "priv/start.h"
#include "search/search_private.h"

#define START_BYTES_MAX (64U << 20)

/* A searcher that made it smaller would end its owner with SIGBUS. */
int search_share(struct search *search, struct error *error_r)
{
	size_t size = sizeof(*search->shared);
	void *at = MAP_FAILED;

	search->shared_fd = memfd_create("dovetap-search", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (search->shared_fd >= 0 && ftruncate(search->shared_fd, (off_t)size) == 0 &&
	    fcntl(search->shared_fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW) == 0)
		at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, search->shared_fd, 0);
	if (at == MAP_FAILED)
		return error_set(error_r, errno, "memory to share with the searcher: %s",
				 strerror(errno));
	search->shared = at;
	return 0;
}

/* In the copy: nothing of the owner's but the channel. */
__attribute__((noreturn)) static void become(const struct search *search,
					     const struct searcher_start *start, int channel)
{
	closelog();
	if (channel > STDERR_FILENO + 1)
		close_range(STDERR_FILENO + 1, (unsigned int)channel - 1, 0);
	close_range((unsigned int)channel + 1, ~0U, 0);
	if (searcher_drop_rights(start, NULL) < 0)
		_exit(EX_OSERR);
	searcher_run(start, channel, search->shared);
}

static pid_t copy(const struct search *search, const struct searcher_start *start, int channel,
		  struct error *error_r)
{
	pid_t pid;

	(void)fflush(NULL);
	pid = fork();
	if (pid == 0)
		become(search, start, channel);
	return pid < 0 ? error_set(error_r, errno, "fork: %s", strerror(errno)) : pid;
}

static int send_start(const struct search *search, const struct searcher_start *start, int channel,
		      struct error *error_r)
{
	const struct searcher_hello hello = {SEARCHER_HELLO_VERSION, sizeof(*search->shared)};
	int fds[] = {search->shared_fd, -1}, ret;
	struct buf bytes;

	buf_init(&bytes, START_BYTES_MAX);
	searcher_start_pack(start, &bytes);
	ret = bytes.failed ? error_set(error_r, -bytes.failed, "%s", strerror(-bytes.failed))
			   : memfile_make("dovetap-search-start", buf_slice(&bytes), error_r);
	buf_release(&bytes);
	if (ret < 0)
		return ret;
	fds[1] = ret;
	ret = fd_message_send(channel, &hello, sizeof(hello), fds, 2);
	close(fds[1]);
	return ret < 0 ? error_set(error_r, -ret, "%s", strerror(-ret)) : 0;
}

/* ours already holds the message when the program begins. */
static pid_t execute(const struct search *search, const struct searcher_start *start, int ours,
		     int theirs, struct error *error_r)
{
	static const char *const argv[] = {"dovetap-attacher", "search", NULL};
	const struct start process = {.program = search->program, .argv = argv, .channel = theirs};
	int ret = send_start(search, start, ours, error_r);

	return ret < 0 ? ret : start_process(&process, error_r);
}

int search_start_process(struct search *search, struct error *error_r)
{
	struct search_restored *restored = search_list_reported(search);
	const struct searcher_start start = {*search->options, restored, search->rights,
					     search->user, getpid()};
	pid_t pid;
	int pair[2];

	if (!restored)
		return error_set(error_r, ENOMEM, "out of memory");
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) {
		free(restored);
		return error_set(error_r, errno, "socketpair: %s", strerror(errno));
	}
	atomic_store(&search->shared->since_ns, 0);
	pid = search->program < 0 ? copy(search, &start, pair[1], error_r)
				  : execute(search, &start, pair[0], pair[1], error_r);
	free(restored);
	close(pair[1]);
	if (pid < 0) {
		close(pair[0]);
		return pid;
	}
	search->pid = pid;
	search->channel = pair[0];
	search->restart_ns = 0;
	return 0;
}
