/* SPDX-License-Identifier: MIT */
#include "attach/child.h"

#include "base/clock.h"
#include "base/log.h"
#include "priv/sandbox.h"

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

#define DELAY_MIN_NS (100 * NS_PER_MSEC)
#define DELAY_MAX_NS (30 * NS_PER_SEC)

void collector_init(struct collector *collector, const struct collector_setup *setup)
{
	*collector = (struct collector){.setup = setup, .peer = -1, .delay_ns = DELAY_MIN_NS};
}

void collector_release(struct collector *collector)
{
	if (collector->peer >= 0)
		close(collector->peer);
	collector->peer = -1;
}

static bool is_kept(const struct collector_setup *setup, const struct collector_fds *fds, int fd)
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
static void close_others(const struct collector_setup *setup, const struct collector_fds *fds)
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

static int become_collector(const struct collector_setup *setup, pid_t parent,
			    struct error *error_r)
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

__attribute__((noreturn)) static void run_child(const struct collector_setup *setup, pid_t parent,
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

int collector_start(struct collector *collector, struct error *error_r)
{
	pid_t parent = getpid();
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return error_set(error_r, errno, "socketpair: %s", strerror(errno));
	(void)fflush(NULL); /* or both processes write out what is buffered */
	collector->pid = fork();
	if (collector->pid == 0)
		run_child(collector->setup, parent, pair[1]);
	close(pair[1]);
	if (collector->pid < 0) {
		collector->pid = 0;
		close(pair[0]);
		return error_set(error_r, errno, "fork: %s", strerror(errno));
	}
	collector_release(collector);
	collector->peer = pair[0];
	collector->ready = false;
	collector->came_up = false;
	collector->restart_ns = 0;
	return 0;
}

void collector_tell(struct collector *collector, const struct priv_message *message)
{
	if (collector->peer >= 0)
		priv_send(collector->peer, message);
}

void collector_signal(const struct collector *collector, int signal)
{
	if (collector->pid > 0)
		kill(collector->pid, signal);
}

bool collector_hear(struct collector *collector)
{
	bool was_ready = collector->ready;
	struct priv_message message;
	int err = 1;

	if (collector->peer < 0)
		return false;
	/* One message a call: the loop comes back while there are more. */
	err = priv_receive(collector->peer, &message);
	if (err == 1 && message.type == PRIV_READY)
		collector->ready = collector->came_up = true;
	if (err == 0) /* SIGCHLD tells the rest */
		collector_release(collector);
	return collector->ready && !was_ready;
}

bool collector_reap(struct collector *collector, int *status_r)
{
	pid_t pid;

	if (collector->pid == 0)
		return false;
	do
		pid = waitpid(collector->pid, status_r, WNOHANG);
	while (pid < 0 && errno == EINTR);
	if (pid != collector->pid)
		return false;
	collector->pid = 0;
	collector->ready = false;
	collector_release(collector);
	return true;
}

int64_t collector_plan_restart(struct collector *collector)
{
	int64_t delay = collector->came_up ? DELAY_MIN_NS : collector->delay_ns;

	collector->restart_ns = clock_monotonic_ns() + delay;
	collector->delay_ns = delay * 2 < DELAY_MAX_NS ? delay * 2 : DELAY_MAX_NS;
	return delay;
}
