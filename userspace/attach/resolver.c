/* SPDX-License-Identifier: MIT */
#include "attach/resolver.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "priv/reload.h"
#include "priv/start.h"

/* doveconf may take 10 s, and each dict is opened. */
#define PATIENCE_NS (120 * NS_PER_SEC)

void resolver_init(struct resolver *resolver)
{
	*resolver = (struct resolver){.channel = -1};
}

static void close_channel(struct resolver *resolver)
{
	if (resolver->channel >= 0)
		close(resolver->channel);
	resolver->channel = -1;
}

void resolver_release(struct resolver *resolver)
{
	close_channel(resolver);
	if (resolver->pid > 0) {
		kill(resolver->pid, SIGKILL);
		while (waitpid(resolver->pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	resolver->pid = 0;
}

int resolver_start(struct resolver *resolver, int program, int configuration,
		   const sigset_t *signals, struct error *error_r)
{
	static const char *const argv[] = {"dovetap", "resolve", NULL};
	struct start start = {.program = program, .argv = argv, .signals = signals};
	int pair[2], ret;
	pid_t pid;

	if (resolver->pid > 0) {
		resolver->again = true;
		return 0;
	}
	resolver->again = false;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return error_set(error_r, errno, "socketpair: %s", strerror(errno));
	start.channel = pair[1];
	ret = reload_request(pair[0], configuration);
	pid = ret < 0 ? error_set(error_r, -ret, "resolver: %s", strerror(-ret))
		      : start_process(&start, error_r);
	close(pair[1]);
	if (pid < 0) {
		close(pair[0]);
		return pid;
	}
	close_channel(resolver);
	resolver->pid = pid;
	resolver->channel = pair[0];
	resolver->kill_ns = clock_monotonic_ns() + PATIENCE_NS;
	return 0;
}

int resolver_take_answer(struct resolver *resolver, struct error *error_r)
{
	int ret = reload_take_answer(resolver->channel, error_r);

	if (ret != -EAGAIN)
		close_channel(resolver);
	return ret;
}

bool resolver_reap(struct resolver *resolver)
{
	if (resolver->pid == 0 || waitpid(resolver->pid, NULL, WNOHANG) == 0)
		return false;
	resolver->pid = 0;
	return true;
}

int64_t resolver_due_ns(const struct resolver *resolver)
{
	return resolver->pid > 0 ? resolver->kill_ns : INT64_MAX;
}

void resolver_due(struct resolver *resolver)
{
	if (resolver->pid > 0 && clock_monotonic_ns() >= resolver->kill_ns)
		kill(resolver->pid, SIGKILL);
}
