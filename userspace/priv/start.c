/* SPDX-License-Identifier: MIT */
#include "priv/start.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <syslog.h>
#include <unistd.h>

#include "base/log.h"
#include "priv/drop.h"

#define PROGRAM_FD (START_CHANNEL_FD + 1) /* until the exec */

/* Neither may be in the way of the other's new number. */
static int place_fds(const struct start *start)
{
	int program = fcntl(start->program, F_DUPFD_CLOEXEC, PROGRAM_FD + 1);
	int channel = fcntl(start->channel, F_DUPFD_CLOEXEC, PROGRAM_FD + 1);

	if (program < 0 || channel < 0 || dup2(channel, START_CHANNEL_FD) < 0 ||
	    dup3(program, PROGRAM_FD, O_CLOEXEC) < 0)
		return -errno;
	close_range(PROGRAM_FD + 1, ~0U, 0);
	return 0;
}

/*
 * A security module that goes by paths (TOMOYO) looks a descriptor up as /dev/fd/N, and the kernel
 * answers ENOENT where there is no /dev/fd. The same file has another path in /proc. Returns only
 * after an error.
 */
static int execute(const struct start *start, struct error *error_r)
{
	char path[32];

	execveat(PROGRAM_FD, "", (char *const *)start->argv, environ, AT_EMPTY_PATH);
	if (errno != ENOENT)
		return error_set(error_r, errno, "%s", strerror(errno));
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", PROGRAM_FD);
	execve(path, (char *const *)start->argv, environ);
	return error_set(error_r, errno,
			 "%s (is there a /dev/fd? A security module may ask for it)",
			 strerror(errno));
}

__attribute__((noreturn)) static void become(const struct start *start)
{
	struct error error;
	int ret;

	closelog(); /* syslog() opens its socket again, under a number of its own */
	ret = place_fds(start);
	if (ret < 0)
		error_set(&error, -ret, "%s", strerror(-ret));
	else if (start->keep != 0)
		ret = priv_keep(start->keep, &error);
	if (ret == 0) {
		if (start->signals)
			sigprocmask(SIG_SETMASK, start->signals, NULL);
		execute(start, &error);
	}
	log_error("cannot start \"%s %s\": %s", start->argv[0],
		  start->argv[1] ? start->argv[1] : "", error.text);
	_exit(EX_OSERR);
}

pid_t start_process(const struct start *start, struct error *error_r)
{
	pid_t pid;

	(void)fflush(NULL); /* or both processes write out what is buffered */
	pid = fork();
	if (pid == 0)
		become(start);
	return pid < 0 ? error_set(error_r, errno, "fork: %s", strerror(errno)) : pid;
}

int start_open_self(struct error *error_r)
{
	int fd = open("/proc/self/exe", O_PATH | O_CLOEXEC);

	return fd < 0 ? error_set(error_r, errno, "/proc/self/exe: %s", strerror(errno)) : fd;
}
