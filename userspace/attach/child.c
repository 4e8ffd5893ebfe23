/* SPDX-License-Identifier: MIT */
#include "attach/child.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <syslog.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "priv/sandbox.h"

#define DELAY_MIN_NS (100 * NS_PER_MSEC)
#define DELAY_MAX_NS (30 * NS_PER_SEC)

void child_init(struct child *child, const struct child_setup *setup)
{
	*child = (struct child){.setup = setup, .peer = -1, .delay_ns = DELAY_MIN_NS};
}

void child_release(struct child *child)
{
	if (child->peer >= 0)
		close(child->peer);
	child->peer = -1;
}

static bool is_kept(const struct child_setup *setup, const struct collector_fds *fds, int fd)
{
	if (fd <= STDERR_FILENO || fd == fds->ring || fd == fds->counters || fd == fds->peer)
		return true;
	for (size_t i = 0; i < fds->old_count; i++) {
		if (fds->old[i] == fd)
			return true;
	}
	for (size_t i = 0; i < setup->keep_fd_count; i++) {
		if (setup->keep_fds[i] == fd)
			return true;
	}
	return false;
}

/*
 * Closes what the attacher had open: links, programs, files of containers. From one kept
 * descriptor to the next the gap is closed at once.
 */
static void close_others(const struct child_setup *setup, const struct collector_fds *fds)
{
	int first = STDERR_FILENO + 1, highest = fds->peer;

	closelog(); /* syslog() opens its socket again, under a number of its own */
	if (fds->ring > highest)
		highest = fds->ring;
	if (fds->counters > highest)
		highest = fds->counters;
	for (size_t i = 0; i < fds->old_count; i++)
		highest = fds->old[i] > highest ? fds->old[i] : highest;
	for (size_t i = 0; i < setup->keep_fd_count; i++)
		highest = setup->keep_fds[i] > highest ? setup->keep_fds[i] : highest;
	for (int fd = first; fd <= highest; fd++) {
		if (!is_kept(setup, fds, fd))
			close(fd);
	}
	close_range((unsigned int)highest + 1, ~0U, 0);
}

static int become_collector(const struct child_setup *setup, pid_t parent, struct error *error_r)
{
	int err = priv_drop(&setup->user, error_r);

	if (err < 0)
		return err;
	/* After the change of user, which clears it; and the parent may be gone already. */
	if (prctl(PR_SET_PDEATHSIG, SIGTERM) < 0)
		return error_set(error_r, errno, "cannot follow the attacher: %s", strerror(errno));
	if (getppid() != parent)
		return error_set(error_r, ESRCH, "the attacher is gone");
	return setup->no_sandbox ? 0 : priv_sandbox_enter(PRIV_COLLECTOR, error_r);
}

_Static_assert(COLLECTOR_OLD_RINGS_MAX == INHERITED_RINGS_MAX, "all of them are read");

static struct collector_fds fds_of(const struct maps *maps, int peer)
{
	struct collector_fds fds = {
		.ring = maps->ring_fd,
		.counters = maps->counters_fd,
		.old_count = maps->old_count,
		.inherited = maps->inherited,
		.peer = peer,
	};

	for (size_t i = 0; i < maps->old_count; i++)
		fds.old[i] = maps->old[i].fd;
	return fds;
}

__attribute__((noreturn)) static void run_child(const struct child_setup *setup, pid_t parent,
						int peer)
{
	const struct collector_fds fds = fds_of(setup->maps, peer);
	struct error error;

	close_others(setup, &fds);
	if (become_collector(setup, parent, &error) < 0) {
		log_error("collector: %s", error.text);
		exit(EX_OSERR);
	}
	sigprocmask(SIG_SETMASK, &setup->signals, NULL);
	exit(setup->main(setup->ctx, &fds));
}

int child_start(struct child *child, struct error *error_r)
{
	pid_t parent = getpid();
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return error_set(error_r, errno, "socketpair: %s", strerror(errno));
	(void)fflush(NULL); /* or both processes write out what is buffered */
	child->pid = fork();
	if (child->pid == 0)
		run_child(child->setup, parent, pair[1]);
	close(pair[1]);
	if (child->pid < 0) {
		child->pid = 0;
		close(pair[0]);
		return error_set(error_r, errno, "fork: %s", strerror(errno));
	}
	child_release(child);
	child->peer = pair[0];
	child->ready = false;
	child->came_up = false;
	child->restart_ns = 0;
	return 0;
}

void child_send(struct child *child, const struct priv_message *message)
{
	if (child->peer >= 0)
		priv_send(child->peer, message);
}

void child_signal(const struct child *child, int signal)
{
	if (child->pid > 0)
		kill(child->pid, signal);
}

bool child_receive(struct child *child)
{
	bool was_ready = child->ready;
	struct priv_message message;
	int err = 1;

	if (child->peer < 0)
		return false;
	/* One message a call: the loop comes back while there are more. */
	err = priv_receive(child->peer, &message);
	if (err == 1 && message.type == PRIV_READY)
		child->ready = child->came_up = true;
	if (err == 0) /* the rest follows at SIGCHLD */
		child_release(child);
	return child->ready && !was_ready;
}

bool child_reap(struct child *child, int *status_r)
{
	pid_t pid;

	if (child->pid == 0)
		return false;
	do
		pid = waitpid(child->pid, status_r, WNOHANG);
	while (pid < 0 && errno == EINTR);
	if (pid != child->pid)
		return false;
	child->pid = 0;
	child->ready = false;
	child_release(child);
	return true;
}

int64_t child_plan_restart(struct child *child)
{
	int64_t delay = child->came_up ? DELAY_MIN_NS : child->delay_ns;

	child->restart_ns = clock_monotonic_ns() + delay;
	child->delay_ns = delay * 2 < DELAY_MAX_NS ? delay * 2 : DELAY_MAX_NS;
	return delay;
}
