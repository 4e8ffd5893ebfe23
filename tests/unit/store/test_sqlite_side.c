/* SPDX-License-Identifier: MIT */
/* As root, who leaves files beside the one of another user: who looks is that user, in a process of
 * its own. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../cmocka_all.h"
#include "store/sqlite_side.h"

#define USER 65534

static char dir[64], file[96];

static void make(const char *suffix, uid_t owner, size_t bytes)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "%s%s", file, suffix);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, (off_t)bytes), 0);
	assert_int_equal(fchown(fd, owner, owner), 0);
	close(fd);
}

static bool is_there(const char *suffix)
{
	char path[128];

	snprintf(path, sizeof(path), "%s%s", file, suffix);
	return access(path, F_OK) == 0;
}

static int setup(void **state)
{
	(void)state;
	snprintf(dir, sizeof(dir), "/tmp/test_side.XXXXXX");
	assert_non_null(mkdtemp(dir));
	assert_int_equal(chown(dir, USER, USER), 0);
	snprintf(file, sizeof(file), "%s/db", dir);
	make("", USER, 100);
	return 0;
}

static int teardown(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command);
}

/* Returns what sqlite_side_admit() does; its reason has the text. */
static int admit(const char *text)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		struct error error = {0};
		int ret = setuid(USER) == 0 ? sqlite_side_admit(file, &error) : -1;

		_exit(ret < 0 && !strstr(error.text, text) ? 255 : -ret);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return -WEXITSTATUS(status);
}

static void nothing_beside_is_admitted(void **state)
{
	(void)state;
	assert_int_equal(admit(""), 0);
}

static void ones_own_stay(void **state)
{
	(void)state;
	make("-wal", USER, 10);
	make("-shm", USER, 10);
	assert_int_equal(admit(""), 0);
	assert_true(is_there("-wal"));
	assert_true(is_there("-shm"));
}

static void what_has_nothing_in_it_is_removed(void **state)
{
	(void)state;
	make("-wal", 0, 0);
	make("-shm", 0, 32768);
	assert_int_equal(admit(""), 0);
	assert_false(is_there("-wal"));
	assert_false(is_there("-shm"));
	assert_true(is_there(""));
}

static void a_log_with_something_in_it_stays_and_is_named(void **state)
{
	(void)state;
	make("-wal", 0, 10);
	make("-shm", 0, 10);
	assert_int_equal(admit("db-wal belongs to user 0"), -EACCES);
	assert_true(is_there("-wal"));
	assert_true(is_there("-shm")); /* whose log it is an index of */
}

static void what_cannot_be_removed_is_named(void **state)
{
	(void)state;
	make("-wal", 0, 0);
	assert_int_equal(chown(dir, 0, 0), 0);
	assert_int_equal(chmod(dir, 0755), 0);
	assert_int_equal(admit("db-wal belongs to user 0"), -EACCES);
	assert_true(is_there("-wal"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(nothing_beside_is_admitted),
		TEST(ones_own_stay),
		TEST(what_has_nothing_in_it_is_removed),
		TEST(a_log_with_something_in_it_stays_and_is_named),
		TEST(what_cannot_be_removed_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
