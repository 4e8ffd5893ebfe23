/* SPDX-License-Identifier: MIT */
#include "../cmocka_all.h"
#include "base/clock.h"
#include "search/file_table.h"

/* A library with a probe, made at birth_s, and changed last at the same time. */
static struct binary library(int64_t birth_s)
{
	return (struct binary){
		.role = PRIV_ROLE_MAIL_USER,
		.fd = -1,
		.id = {.dev = 7,
		       .ino = 100,
		       .size = 4096,
		       .ctime_ns = birth_s * NS_PER_SEC,
		       .btime_ns = birth_s * NS_PER_SEC,
		       .build_id = "abcd",
		       .build_id_len = 4},
	};
}

static struct stat stat_of(int64_t birth_s)
{
	return (struct stat){
		.st_dev = 7, .st_ino = 100, .st_size = 4096, .st_ctim = {.tv_sec = birth_s}};
}

static const struct binary *add(struct file_table *files, int64_t birth_s)
{
	const struct binary *added, *replaced;
	struct binary binary = library(birth_s);

	assert_int_equal(file_table_add(files, &binary, &added, &replaced, NULL), 0);
	assert_null(replaced);
	return added;
}

static void a_copy_keeps_what_it_was_made_of(void **state)
{
	struct file_table files = {.search = 1};
	const struct stat copy = stat_of(20);

	(void)state;
	assert_non_null(add(&files, 10));
	assert_non_null(add(&files, 20));
	/* No path leads to the lower file any more, but processes may run it. */
	for (int i = 0; i < 3; i++) {
		files.search++;
		assert_true(file_table_has(&files, &copy));
		assert_null(file_table_next_lost(&files));
	}
	files.search += 2;
	assert_non_null(file_table_next_lost(&files));
	file_table_release(&files);
}

/* On a host with containers, of which one does not answer: what it runs is not lost. */
static void what_is_left_out_is_kept(void **state)
{
	struct file_table files = {.search = 1, .namespace = 4026531841};
	struct binary binary = library(10);

	(void)state;
	assert_int_equal(file_table_restore(&files, binary.role, &binary.id), 0);
	files.search += 2;
	file_table_left_out(&files, 4026532000); /* nobody knows by now who led to it */
	assert_null(file_table_next_lost(&files));
	assert_non_null(add(&files, 10));
	files.search += 2;
	file_table_left_out(&files, 4026531841);
	assert_null(file_table_next_lost(&files));
	files.search += 2;
	file_table_left_out(&files, 4026532000);
	assert_non_null(file_table_next_lost(&files));
	file_table_release(&files);
}

/* The same inode, each time with other code. */
static void rewrite(struct file_table *files, int count)
{
	const struct binary *added, *replaced;

	for (int i = 0; i < count; i++) {
		struct binary binary = library(10);

		binary.id.build_id[0] = (uint8_t)i;
		assert_int_equal(file_table_add(files, &binary, &added, &replaced, NULL), 0);
		if (replaced)
			file_table_drop(files, replaced);
	}
}

static void a_file_that_is_rewritten_often_has_to_wait(void **state)
{
	struct file_table files = {.search = 1};
	const struct stat st = stat_of(10);
	const struct stat other = {.st_dev = 7, .st_ino = 101};
	int64_t now = clock_monotonic_ns();

	(void)state;
	rewrite(&files, 4);
	assert_false(file_table_has_to_wait(&files, &st, now));
	file_table_release(&files);
	files.search = 1;
	rewrite(&files, 8);
	files.search += 2;
	assert_true(file_table_has_to_wait(&files, &st, now + 15 * NS_PER_SEC));
	assert_null(file_table_next_lost(&files));
	assert_false(file_table_has_to_wait(&files, &other, now));
	assert_false(file_table_has_to_wait(&files, &st, clock_monotonic_ns() + 16 * NS_PER_SEC));
	file_table_release(&files);
}

static void the_same_file_is_added_once(void **state)
{
	struct file_table files = {.search = 1};

	(void)state;
	assert_non_null(add(&files, 10));
	assert_null(add(&files, 10));
	file_table_release(&files);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_copy_keeps_what_it_was_made_of),
		cmocka_unit_test(what_is_left_out_is_kept),
		cmocka_unit_test(a_file_that_is_rewritten_often_has_to_wait),
		cmocka_unit_test(the_same_file_is_added_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
