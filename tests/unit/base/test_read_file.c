/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "../cmocka_all.h"
#include "base/buf.h"
#include "base/read_file.h"

#define LONG 100000 /* several pieces */

static char path[] = "/tmp/dovetap-read-XXXXXX";

static int setup(void **state)
{
	static char content[LONG];
	int fd = mkstemp(path);

	(void)state;
	for (size_t i = 0; i < LONG; i++)
		content[i] = (char)i;
	assert_int_equal(write(fd, content, LONG), LONG);
	return close(fd);
}

static int teardown(void **state)
{
	(void)state;
	return unlink(path);
}

static int lowest_free(void)
{
	int fd = open("/dev/null", O_RDONLY);

	close(fd);
	return fd;
}

static void a_file_is_appended_whole(void **state)
{
	int before = lowest_free();
	struct buf out;

	(void)state;
	buf_init(&out, LONG + 1);
	assert_int_equal(buf_append_char(&out, '>'), 0);
	assert_int_equal(read_file(path, &out), 0);
	assert_int_equal(out.len, LONG + 1);
	for (size_t i = 0; i < LONG; i++)
		assert_int_equal(out.data[i + 1], (char)i);
	buf_release(&out);
	assert_int_equal(lowest_free(), before);
}

static void expect_result(const char *name, size_t max, int result)
{
	int before = lowest_free();
	struct buf out;

	buf_init(&out, max);
	assert_int_equal(read_file(name, &out), result);
	buf_release(&out);
	assert_int_equal(lowest_free(), before);
}

static void errors_are_the_systems(void **state)
{
	(void)state;
	expect_result(path, LONG, 0);
	expect_result(path, LONG - 1, -E2BIG);
	expect_result("/tmp", LONG, -EISDIR);
	expect_result("/tmp/dovetap-no-such-file", LONG, -ENOENT);
}

static void a_descriptor_is_read_to_its_end_and_stays_open(void **state)
{
	struct buf out;
	int fds[2];

	(void)state;
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(write(fds[1], "abc", 3), 3);
	close(fds[1]);
	buf_init(&out, 10);
	assert_int_equal(read_fd(fds[0], &out), 0);
	assert_string_equal(buf_str(&out), "abc");
	assert_int_equal(close(fds[0]), 0);
	assert_int_equal(read_fd(-1, &out), -EBADF);
	buf_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_is_appended_whole),
		cmocka_unit_test(errors_are_the_systems),
		cmocka_unit_test(a_descriptor_is_read_to_its_end_and_stays_open),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
