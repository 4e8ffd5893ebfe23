/* SPDX-License-Identifier: MIT */
/* Rights that are given up are gone for good, so each scenario gives them up in a child process. */
#ifndef DOVETAP_TEST_CHILD_H
#define DOVETAP_TEST_CHILD_H

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../cmocka_all.h"

/* 0, or the line of the first expectation that failed. */
typedef int child_fn(void);

#define EXPECT(condition)                                                                          \
	do {                                                                                       \
		if (!(condition))                                                                  \
			return __LINE__;                                                           \
	} while (0)

/* Lines do not fit an exit status, so the child tells by a pipe. */
static inline void run_in_child(child_fn *fn)
{
	int status, line = -1, channel[2];
	pid_t pid;

	assert_int_equal(pipe2(channel, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0) {
		line = fn();
		_exit(write(channel[1], &line, sizeof(line)) == (ssize_t)sizeof(line) ? 0 : 1);
	}
	close(channel[1]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(read(channel[0], &line, sizeof(line)), sizeof(line));
	close(channel[0]);
	if (line != 0)
		fail_msg("expectation in line %d failed", line);
}

#endif
