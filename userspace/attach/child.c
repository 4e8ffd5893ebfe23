/* SPDX-License-Identifier: MIT */
#include "attach/child.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "priv/handover.h"
#include "priv/start.h"

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

_Static_assert(COLLECTOR_OLD_RINGS_MAX == INHERITED_RINGS_MAX, "all of them are read");

static struct collector_fds fds_of(const struct child_setup *setup)
{
	const struct maps *maps = setup->maps;
	struct collector_fds fds = {
		.ring = maps->ring_fd,
		.counters = maps->counters_fd,
		.accounts = maps->accounts_fd,
		.old_count = maps->old_count,
		.ids = {.ring = maps->ring_id, .counters = maps->counters_id},
		.inherited = maps->inherited,
		.configuration = setup->configuration,
		.lock = setup->lock,
	};

	for (size_t i = 0; i < maps->old_count; i++) {
		fds.old[i] = maps->old[i].fd;
		fds.ids.old[i] = maps->old[i].id;
	}
	return fds;
}

/* The collector finds the handover on its channel when it begins. */
static pid_t execute(const struct child_setup *setup, const int pair[2], struct error *error_r)
{
	static const char *const argv[] = {"dovetap", "collect", NULL};
	const struct handover handover = {
		.fds = fds_of(setup),
		.user = setup->user,
		.attacher = getpid(),
		.watchdog_ns = setup->watchdog_ns,
		.no_sandbox = setup->no_sandbox,
	};
	const struct start start = {
		.program = setup->program,
		.argv = argv,
		.channel = pair[1],
		.keep = PRIV_KEEP_COLLECTOR,
		.signals = &setup->signals,
	};
	int ret = handover_send(pair[0], &handover);

	return ret < 0 ? error_set(error_r, -ret, "handover: %s", strerror(-ret))
		       : start_process(&start, error_r);
}

int child_start(struct child *child, struct error *error_r)
{
	int pair[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return error_set(error_r, errno, "socketpair: %s", strerror(errno));
	pid = execute(child->setup, pair, error_r);
	close(pair[1]);
	if (pid < 0) {
		close(pair[0]);
		return pid;
	}
	child->pid = pid;
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

enum child_word child_receive(struct child *child, struct priv_message *message_r)
{
	bool was_ready = child->ready;
	int ret;

	if (child->peer < 0)
		return CHILD_NOTHING;
	/* One message a call: the loop comes back while there are more. */
	ret = priv_receive(child->peer, message_r);
	if (ret == 1 && message_r->type == PRIV_LAYOUT_REFUSED)
		return CHILD_REFUSES_A_LAYOUT;
	if (ret == 1 && message_r->type == PRIV_READY)
		child->ready = child->came_up = true;
	if (ret == 0) /* the rest follows at SIGCHLD */
		child_release(child);
	return child->ready && !was_ready ? CHILD_IS_READY : CHILD_NOTHING;
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
