/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../cmocka_all.h"
#include "base/cgroup_v1.h"

static char top[64];

static int set_up(void **state)
{
	(void)state;
	(void)snprintf(top, sizeof(top), "/tmp/dovetap-cgroup.XXXXXX");
	assert_non_null(mkdtemp(top));
	return 0;
}

static int tear_down(void **state)
{
	char command[128];

	(void)state;
	(void)snprintf(command, sizeof(command), "rm -r %s", top);
	assert_int_equal(system(command), 0); /* NOLINT(cert-env33-c) */
	return 0;
}

static void make_dir(const char *name)
{
	char path[128];

	(void)snprintf(path, sizeof(path), "%s/%s", top, name);
	assert_int_equal(mkdir(path, 0755), 0);
}

static void make_file(const char *name)
{
	char path[128];
	int fd;

	(void)snprintf(path, sizeof(path), "%s/%s", top, name);
	fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
	assert_true(fd >= 0);
	close(fd);
}

static const char *found(void)
{
	int which = cgroup_v1_find(top);

	return which < 0 ? "none" : cgroup_v1_name(which);
}

static void test_the_first_that_is_mounted(void **state)
{
	(void)state;
	assert_string_equal(found(), "none");
	make_dir("memory");
	make_dir("pids"); /* a mount point where nothing is mounted */
	make_dir("unified");
	make_file("unified/cgroup.procs");
	make_file("unified/cgroup.controllers");
	assert_string_equal(found(), "none");
	make_file("memory/cgroup.procs");
	assert_string_equal(found(), "memory");
	make_file("pids/cgroup.procs");
	assert_string_equal(found(), "pids");
}

static void test_none_where_version_2_is(void **state)
{
	(void)state;
	make_dir("pids"); /* a group of that name */
	make_file("pids/cgroup.procs");
	make_file("cgroup.controllers");
	assert_int_equal(cgroup_v1_find(top), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_the_first_that_is_mounted, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_none_where_version_2_is, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
