/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "store/drivers/fs_walk.h"

static char dir[] = "/tmp/dovetap-fs-walk.XXXXXX";

static const char *path_of(const char *name)
{
	static char path[256];

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

static void make_dir(const char *name)
{
	assert_int_equal(mkdir(path_of(name), 0700), 0);
}

static void make_file(const char *name)
{
	int fd = open(path_of(name), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	close(fd);
}

static int any(const char *start)
{
	return fs_walk_any(path_of(start));
}

static void test_walk(void **state)
{
	(void)state;
	assert_int_equal(any("x/"), -ENOENT);
	assert_int_equal(any(""), 0);
	make_dir("x");
	make_dir("x/imap");
	assert_int_equal(any("x/"), 0);
	make_file("x/imap/temp.dovecot.abcdef");
	assert_int_equal(any("x/"), 0);
	make_file("x/imap/alice");
	assert_int_equal(any("x/"), 1);
	assert_int_equal(any(""), 1);
}

static void test_begin(void **state)
{
	(void)state;
	assert_int_equal(any("x/imap/al"), 1);
	assert_int_equal(any("x/im"), 1);
	assert_int_equal(any("x/imap/bo"), 0);
	assert_int_equal(any("x/pop"), 0);
}

static void test_no_directory(void **state)
{
	(void)state;
	assert_int_equal(any("x/imap/alice/"), -ENOTDIR);
}

static int set_up(void **state)
{
	(void)state;
	return mkdtemp(dir) ? 0 : -1;
}

static int tear_down(void **state)
{
	static const char *const names[] = {"x/imap/temp.dovecot.abcdef", "x/imap/alice", "x/imap",
					    "x"};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		(void)remove(path_of(names[i]));
	return rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_walk),
		cmocka_unit_test(test_begin),
		cmocka_unit_test(test_no_directory),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
