/* SPDX-License-Identifier: MIT */
/* What ends the process runs in one of its own: its exit status, and what it printed. */
#ifndef DOVETAP_ENDED_H
#define DOVETAP_ENDED_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../cmocka_all.h"

/* run ends with 0 unless it exits. Both outputs come to text. */
static inline int status_of(void (*run)(const void *context), const void *context, char *text,
			    size_t size)
{
	size_t len = 0;
	ssize_t got;
	int fds[2], status;
	pid_t pid;

	assert_int_equal(pipe(fds), 0);
	(void)fflush(NULL);
	pid = fork();
	if (pid == 0) {
		dup2(fds[1], STDOUT_FILENO);
		dup2(fds[1], STDERR_FILENO);
		close(fds[0]);
		run(context);
		(void)fflush(NULL);
		_exit(0);
	}
	close(fds[1]);
	while ((got = read(fds[0], text + len, size - 1 - len)) > 0)
		len += (size_t)got;
	text[len] = '\0';
	close(fds[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static inline void expect_text(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("'%s' has no '%s'", text, part);
}

/* What print writes to a file, in *text_r, to be freed. */
#define PRINTED(text_r, print)                                                                     \
	do {                                                                                       \
		size_t printed_len;                                                                \
		FILE *to = open_memstream(text_r, &printed_len);                                   \
                                                                                                   \
		assert_non_null(to);                                                               \
		print;                                                                             \
		assert_int_equal(fclose(to), 0);                                                   \
	} while (0)

#endif
