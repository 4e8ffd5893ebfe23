/* SPDX-License-Identifier: MIT */
#include "cli/try_plan.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "audit/sink.h"
#include "base/clock.h"
#include "priv/sandbox.h"

#define PING_NS (2 * NS_PER_SEC) /* logins wait for it in the ring of the one before */

static int try_geo(const struct plan *plan, struct error *error_r)
{
	struct geo *geo = NULL;
	int ret = plan_open_geo(plan, &geo, error_r);

	geo_free(&geo);
	if (ret < 0 && ret != -ENOMEM)
		error_r->code = EINVAL; /* the setting is at fault */
	return ret;
}

static int try_audit(const struct plan *plan, struct error *error_r)
{
	const struct audit_config *audit = plan_audit(plan);

	return audit ? audit_sink_try(audit->target, error_r) : 0;
}

/* A store that is down now may be back soon; one whose tables cannot work does not get better. */
static int try_dict(const struct plan *plan, size_t index, struct error *error_r)
{
	struct dict *dict;
	int ret = plan_dict_open(plan, index, &dict, error_r);

	if (ret < 0)
		return ret;
	ret = dict_ping(dict, clock_monotonic_ns() + PING_NS, error_r);
	dict_close(&dict);
	return ret == -EINVAL ? ret : 0;
}

static int try_all(const struct plan *plan, const struct priv_user *user, struct error *error_r)
{
	int ret = priv_drop(user, error_r);

	if (ret == 0)
		ret = priv_sandbox_enter(PRIV_COLLECTOR, error_r);
	for (size_t i = 0; i < plan_dict_count(plan) && ret == 0; i++)
		ret = try_dict(plan, i, error_r);
	if (ret == 0)
		ret = try_geo(plan, error_r);
	return ret < 0 ? ret : try_audit(plan, error_r);
}

/* The child reports its error through a pipe; an empty one means that all is well. */
static void child(const struct plan *plan, const struct priv_user *user, int fd)
{
	struct error error = {0};
	int ret = try_all(plan, user, &error);

	error_name_user(&error);
	if (ret < 0 && write(fd, &error, sizeof(error)) != sizeof(error))
		_exit(EXIT_FAILURE);
	_exit(EXIT_SUCCESS);
}

static int wait_for_child(pid_t pid, int fd, struct error *error_r)
{
	struct error error;
	ssize_t got = read(fd, &error, sizeof(error));
	int status;

	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (got == (ssize_t)sizeof(error))
		return error_set(error_r, error.code, "%s", error.text);
	if (got != 0 || !WIFEXITED(status) || WEXITSTATUS(status) != EXIT_SUCCESS)
		return error_set(error_r, EIO, "the new configuration could not be tried");
	return 0;
}

int try_plan(const struct plan *plan, const struct priv_user *user, struct error *error_r)
{
	int fds[2], ret;
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return error_set(error_r, errno, "pipe: %m");
	pid = fork();
	if (pid == 0) {
		close(fds[0]);
		child(plan, user, fds[1]);
	}
	close(fds[1]);
	ret = pid < 0 ? error_set(error_r, errno, "fork: %m")
		      : wait_for_child(pid, fds[0], error_r);
	close(fds[0]);
	return ret;
}
