/* SPDX-License-Identifier: MIT */
/* bash(1) (sh resets the mask of signals) reports on its channel what it has; as root. */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "../cmocka_all.h"
#include "priv/drop.h"
#include "priv/start.h"

static int channel[2]; /* ours, theirs */

static int set_up(void **state)
{
	(void)state;
	return socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, channel);
}

static int tear_down(void **state)
{
	(void)state;
	close(channel[0]);
	return 0;
}

/* All that the process writes to its channel. */
static int run(const struct start *start, char text[1000])
{
	size_t len = 0;
	ssize_t got;
	int status;
	pid_t pid = start_process(start, NULL);

	assert_true(pid > 0);
	assert_int_equal(fcntl(channel[1], F_GETFD), FD_CLOEXEC); /* it is ours as it was */
	close(channel[1]);
	while ((got = read(channel[0], text + len, 999 - len)) > 0)
		len += (size_t)got;
	text[len] = '\0';
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static int run_shell(const char *script, struct start start, char text[1000])
{
	const char *const argv[] = {"a shell", "-c", script, NULL};
	int status;

	start.program = open("/bin/bash", O_PATH | O_CLOEXEC);
	start.argv = argv;
	start.channel = channel[1];
	status = run(&start, text);
	close(start.program);
	return status;
}

static void it_has_the_channel_and_no_other_descriptor(void **state)
{
	char text[1000];
	int leak = open("/dev/null", O_RDONLY), high = fcntl(leak, F_DUPFD, 700);

	(void)state;
	/* ls has one of its own for the folder. */
	assert_int_equal(run_shell("ls -m /proc/self/fd >&3; exit 5", (struct start){0}, text), 5);
	assert_string_equal(text, "0, 1, 2, 3, 4\n");
	close(leak);
	close(high);
}

/* As TOMOYO does without /dev/fd. In a process of its own: a filter stays. */
static void a_kernel_that_wants_dev_fd_gets_a_path(void **state)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
	char text[1000];
	int status;
	pid_t pid;

	(void)state;
	pid = fork();
	if (pid == 0) {
		if (seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOENT), SCMP_SYS(execveat), 0) < 0 ||
		    seccomp_load(filter) < 0)
			_exit(1);
		status = run_shell("echo there >&3; exit 5", (struct start){0}, text);
		_exit(status == 5 && strcmp(text, "there\n") == 0 ? 0 : 2);
	}
	seccomp_release(filter);
	close(channel[1]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void it_has_the_words(void **state)
{
	char text[1000];

	(void)state;
	assert_int_equal(run_shell("tr '\\0' '|' < /proc/$$/cmdline >&3", (struct start){0}, text),
			 0);
	assert_string_equal(text, "a shell|-c|tr '\\0' '|' < /proc/$$/cmdline >&3|");
}

static void it_keeps_the_rights_of_keep(void **state)
{
	const struct start few = {.keep = PRIV_KEEP_SEARCH};
	char text[1000], want[100];

	(void)state;
	assert_int_equal(run_shell("grep -E 'CapBnd' /proc/self/status >&3", few, text), 0);
	(void)snprintf(want, sizeof(want), "CapBnd:\t%016llx\n",
		       (unsigned long long)priv_keep_mask(PRIV_KEEP_SEARCH));
	assert_string_equal(text, want);
}

static void without_keep_it_has_all_of_ours(void **state)
{
	char text[1000], line[100], ours[100] = "";
	FILE *file = fopen("/proc/self/status", "r");

	(void)state;
	while (file && fgets(line, sizeof(line), file)) {
		if (strncmp(line, "CapBnd", 6) == 0)
			(void)snprintf(ours, sizeof(ours), "%s", line);
	}
	assert_int_equal(fclose(file), 0);
	assert_int_equal(
		run_shell("grep -E 'CapBnd' /proc/self/status >&3", (struct start){0}, text), 0);
	assert_string_equal(text, ours);
}

static void it_begins_with_the_signals(void **state)
{
	struct start start = {0};
	sigset_t mask;
	char text[1000];

	(void)state;
	sigemptyset(&mask);
	sigaddset(&mask, SIGTERM);
	start.signals = &mask;
	assert_int_equal(run_shell("grep SigBlk /proc/self/status >&3", start, text), 0);
	assert_string_equal(text, "SigBlk:\t0000000000004000\n");
}

static void the_mask_stays_without_signals(void **state)
{
	sigset_t mask, before;
	char text[1000];

	(void)state;
	sigemptyset(&mask);
	sigaddset(&mask, SIGHUP);
	assert_int_equal(sigprocmask(SIG_SETMASK, &mask, &before), 0);
	assert_int_equal(run_shell("grep SigBlk /proc/self/status >&3", (struct start){0}, text),
			 0);
	assert_int_equal(sigprocmask(SIG_SETMASK, &before, NULL), 0);
	assert_string_equal(text, "SigBlk:\t0000000000000001\n");
}

/* The channel and the program under the numbers of one another and of their targets. */
static void descriptors_are_not_in_each_others_way(void **state)
{
	static const int numbers[][2] = {{3, 4}, {4, 3}, {5, 6}, {6, 5}};
	const char *const argv[] = {"sh", "-c", "echo yes >&3", NULL};
	int program = open("/bin/bash", O_PATH | O_CLOEXEC);

	(void)state;
	program = fcntl(program, F_DUPFD_CLOEXEC, 100);
	for (size_t i = 0; i < 4; i++) {
		struct start start = {.argv = argv};
		int fds[2], status;
		char text[10] = "";
		pid_t pid = fork();

		if (pid == 0) { /* here, 3 and 4 are nobody's */
			int kept = fcntl(channel[1], F_DUPFD_CLOEXEC, 200);

			assert_int_equal(pipe(fds), 0);
			start.channel = dup2(kept, numbers[i][0]);
			start.program = dup2(program, numbers[i][1]);
			pid = start_process(&start, NULL);
			_exit(waitpid(pid, &status, 0) == pid ? status : 9);
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_int_equal(status, 0);
		assert_int_equal(recv(channel[0], text, sizeof(text) - 1, MSG_DONTWAIT), 4);
		assert_string_equal(text, "yes\n");
	}
	close(channel[1]);
	close(program);
}

static void an_exec_that_fails_ends_the_child(void **state)
{
	const char *const argv[] = {"nothing", NULL};
	const struct start start = {.program = open("/dev/null", O_PATH | O_CLOEXEC),
				    .argv = argv,
				    .channel = channel[1]};
	char text[1000];

	(void)state;
	assert_int_equal(run(&start, text), EX_OSERR);
	close(start.program);
}

static void the_own_program_is_this_one(void **state)
{
	char link[64], path[4096] = "", self[4096] = "";
	int fd = start_open_self(NULL);

	(void)state;
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	assert_true(fcntl(fd, F_GETFL) & O_PATH);
	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	assert_true(readlink(link, path, sizeof(path) - 1) > 0);
	assert_true(readlink("/proc/self/exe", self, sizeof(self) - 1) > 0);
	assert_string_equal(path, self);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(it_has_the_channel_and_no_other_descriptor, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_kernel_that_wants_dev_fd_gets_a_path, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(it_has_the_words, set_up, tear_down),
		cmocka_unit_test_setup_teardown(it_keeps_the_rights_of_keep, set_up, tear_down),
		cmocka_unit_test_setup_teardown(without_keep_it_has_all_of_ours, set_up, tear_down),
		cmocka_unit_test_setup_teardown(it_begins_with_the_signals, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_mask_stays_without_signals, set_up, tear_down),
		cmocka_unit_test_setup_teardown(descriptors_are_not_in_each_others_way, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(an_exec_that_fails_ends_the_child, set_up,
						tear_down),
		cmocka_unit_test(the_own_program_is_this_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
