/* SPDX-License-Identifier: MIT */
#include "conf/run.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"

enum { OUT, ERR, STREAMS };

struct child {
	pid_t pid;
	int fd[STREAMS]; /* our ends; -1 when closed */
	struct buf *to[STREAMS];
};

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static int spawn(struct child *child, const char *const argv[], const int write_end[STREAMS])
{
	static const char *const environment[] = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C",
						  NULL};
	posix_spawn_file_actions_t actions;
	int ret;

	if (posix_spawn_file_actions_init(&actions) != 0)
		return -ENOMEM;
	ret = posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
	if (ret == 0)
		ret = posix_spawn_file_actions_adddup2(&actions, write_end[OUT], 1);
	if (ret == 0)
		ret = posix_spawn_file_actions_adddup2(&actions, write_end[ERR], 2);
	if (ret == 0)
		ret = posix_spawn(&child->pid, argv[0], &actions, NULL, (char *const *)argv,
				  (char *const *)environment);
	posix_spawn_file_actions_destroy(&actions);
	return -ret;
}

static int start(struct child *child, const char *const argv[])
{
	int pipes[STREAMS][2] = {{-1, -1}, {-1, -1}};
	int ret = 0;

	for (int i = 0; i < STREAMS && ret == 0; i++)
		ret = pipe2(pipes[i], O_CLOEXEC) < 0 ? -errno : 0;
	if (ret == 0)
		ret = spawn(child, argv, (const int[STREAMS]){pipes[OUT][1], pipes[ERR][1]});
	for (int i = 0; i < STREAMS; i++) {
		close_fd(&pipes[i][1]);
		if (ret < 0)
			close_fd(&pipes[i][0]);
		child->fd[i] = pipes[i][0];
	}
	return ret;
}

/* One piece of a stream; its end closes it. */
static int read_piece(struct child *child, int stream)
{
	char piece[4096];
	ssize_t got = read(child->fd[stream], piece, sizeof(piece));

	if (got < 0)
		return errno == EINTR ? 0 : -errno;
	if (got == 0) {
		close_fd(&child->fd[stream]);
		return 0;
	}
	if (buf_append(child->to[stream], piece, (size_t)got) < 0 && stream == OUT)
		return child->to[stream]->failed;
	return 0;
}

static int wait_and_read(struct child *child, int64_t deadline_ns)
{
	int64_t left_ms = (deadline_ns - clock_monotonic_ns()) / 1000000;
	struct pollfd fds[STREAMS];
	int ret;

	if (left_ms <= 0)
		return -ETIMEDOUT;
	for (int i = 0; i < STREAMS; i++)
		fds[i] = (struct pollfd){.fd = child->fd[i], .events = POLLIN};
	if (poll(fds, STREAMS, (int)left_ms) < 0)
		return errno == EINTR ? 0 : -errno;
	for (int i = 0; i < STREAMS; i++) {
		ret = fds[i].revents ? read_piece(child, i) : 0;
		if (ret < 0)
			return ret;
	}
	return 0;
}

static const char *last_line(struct buf *text)
{
	char *end;

	while (text->len > 0 && text->data[text->len - 1] == '\n')
		text->data[--text->len] = '\0';
	end = text->len > 0 ? strrchr(text->data, '\n') : NULL;
	return end ? end + 1 : buf_str(text);
}

static int reap(struct child *child, int ret, const char *program, struct error *error_r)
{
	int status = 0;

	if (ret < 0)
		kill(child->pid, SIGKILL);
	while (waitpid(child->pid, &status, 0) < 0 && errno == EINTR)
		;
	if (ret == -ETIMEDOUT)
		return error_set(error_r, ETIMEDOUT, "%s did not end in time", program);
	if (ret == -E2BIG)
		return error_set(error_r, E2BIG, "%s printed more than %zu bytes", program,
				 child->to[OUT]->max);
	if (ret < 0)
		return error_set(error_r, -ret, "%s: %s", program, strerror(-ret));
	if (status != 0)
		return error_set(error_r, EIO, "%s ended with %s %d: %s", program,
				 WIFSIGNALED(status) ? "signal" : "status",
				 WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status),
				 last_line(child->to[ERR]));
	return 0;
}

int conf_run(const char *const argv[], int timeout_ms, struct buf *out, struct buf *messages,
	     struct error *error_r)
{
	struct child child = {.fd = {-1, -1}, .to = {out, messages}};
	int64_t deadline_ns = clock_monotonic_ns() + timeout_ms * 1000000LL;
	int ret = start(&child, argv);

	if (ret < 0)
		return error_set(error_r, -ret, "cannot run %s: %s", argv[0], strerror(-ret));
	while (ret == 0 && (child.fd[OUT] >= 0 || child.fd[ERR] >= 0))
		ret = wait_and_read(&child, deadline_ns);
	for (int i = 0; i < STREAMS; i++)
		close_fd(&child.fd[i]);
	return reap(&child, ret, argv[0], error_r);
}
