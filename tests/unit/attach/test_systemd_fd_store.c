/* SPDX-License-Identifier: MIT */
/* Descriptors of the last life as sd_listen_fds(3) describes them. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../cmocka_all.h"
#include "attach/systemd_fd_store.h"

#define COUNT_MAX 4

static struct {
	char names[COUNT_MAX][FD_STORE_NAME_MAX];
	int fds[COUNT_MAX];
	size_t count;
} got;

static void take(void *context, const char *name, int fd)
{
	(void)context;
	assert_true(got.count < COUNT_MAX);
	(void)snprintf(got.names[got.count], sizeof(got.names[0]), "%s", name);
	got.fds[got.count++] = fd;
}

static int ask(const char *pid, const char *count, const char *names)
{
	const struct fd_store store = systemd_fd_store();
	struct error error;

	got.count = 0;
	setenv("LISTEN_PID", pid, 1);
	setenv("LISTEN_FDS", count, 1);
	setenv("LISTEN_FDNAMES", names, 1);
	return store.each(store.ctx, take, NULL, &error);
}

static const char *self(void)
{
	static char pid[12];

	(void)snprintf(pid, sizeof(pid), "%d", (int)getpid());
	return pid;
}

static void each_comes_with_its_name(void **state)
{
	(void)state;
	assert_int_equal(ask(self(), "2", "ring-8:counters"), 0);
	assert_int_equal(got.count, 2);
	assert_string_equal(got.names[0], "ring-8");
	assert_string_equal(got.names[1], "counters");
	assert_int_equal(got.fds[0], 3);
	assert_int_equal(got.fds[1], 4);
	assert_null(getenv("LISTEN_FDS")); /* they are for nobody else */
	assert_null(getenv("LISTEN_PID"));
}

static void names_may_be_too_few(void **state)
{
	(void)state;
	assert_int_equal(ask(self(), "3", "one"), 0);
	assert_int_equal(got.count, 3);
	assert_string_equal(got.names[0], "one");
	assert_string_equal(got.names[1], "unknown");
	assert_string_equal(got.names[2], "unknown");
}

static void those_of_another_process_are_not_taken(void **state)
{
	(void)state;
	assert_int_equal(ask("1", "2", "a:b"), 0);
	assert_int_equal(got.count, 0);
}

static void what_is_no_number_is_an_error(void **state)
{
	(void)state;
	assert_int_equal(ask(self(), "many", "a:b"), -EINVAL);
	assert_int_equal(ask(self(), "-1", "a:b"), -EINVAL);
	assert_int_equal(ask(self(), "99999999999", "a:b"), -EINVAL);
	assert_int_equal(got.count, 0);
}

static void they_do_not_go_to_other_programs(void **state)
{
	int fd = open("/dev/null", O_RDONLY);

	(void)state;
	if (fd != 3) {
		assert_int_equal(dup2(fd, 3), 3);
		close(fd);
	}
	assert_int_equal(fcntl(3, F_SETFD, 0), 0);
	assert_int_equal(ask(self(), "1", "a"), 0);
	assert_int_equal(fcntl(3, F_GETFD), FD_CLOEXEC);
	close(3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_comes_with_its_name),
		cmocka_unit_test(names_may_be_too_few),
		cmocka_unit_test(those_of_another_process_are_not_taken),
		cmocka_unit_test(what_is_no_number_is_an_error),
		cmocka_unit_test(they_do_not_go_to_other_programs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
