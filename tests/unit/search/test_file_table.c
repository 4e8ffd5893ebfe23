/* SPDX-License-Identifier: MIT */
#include "search/file_table.h"

#include "../cmocka_all.h"
#include "base/clock.h"

/* A library with a probe, made at birth_s, and changed last at the same time. */
static struct build library(int64_t birth_s)
{
	return (struct build){
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

static const struct build *add(struct known_files *files, int64_t birth_s)
{
	const struct build *added, *replaced;
	struct build build = library(birth_s);

	assert_int_equal(known_add(files, &build, &added, &replaced), 0);
	assert_null(replaced);
	return added;
}

static void a_copy_keeps_what_it_was_made_of(void **state)
{
	struct known_files files = {.search = 1};
	const struct stat copy = stat_of(20);

	(void)state;
	assert_non_null(add(&files, 10));
	assert_non_null(add(&files, 20));
	/* No path leads to the lower file any more, but processes may run it. */
	for (int i = 0; i < 3; i++) {
		files.search++;
		assert_true(known_has(&files, &copy));
		assert_null(known_next_lost(&files));
	}
	files.search += 2;
	assert_non_null(known_next_lost(&files));
	known_release(&files);
}

/* On a host with containers, of which one does not answer: what it runs is not lost. */
static void what_is_left_out_is_kept(void **state)
{
	struct known_files files = {.search = 1, .namespace = 4026531841};
	struct build build = library(10);

	(void)state;
	assert_int_equal(known_restore(&files, build.role, &build.id), 0);
	files.search += 2;
	known_left_out(&files, 4026532000); /* nobody knows by now who led to it */
	assert_null(known_next_lost(&files));
	assert_non_null(add(&files, 10));
	files.search += 2;
	known_left_out(&files, 4026531841);
	assert_null(known_next_lost(&files));
	files.search += 2;
	known_left_out(&files, 4026532000);
	assert_non_null(known_next_lost(&files));
	known_release(&files);
}

/* The same inode, each time with other code. */
static void rewrite(struct known_files *files, int count)
{
	const struct build *added, *replaced;

	for (int i = 0; i < count; i++) {
		struct build build = library(10);

		build.id.build_id[0] = (uint8_t)i;
		assert_int_equal(known_add(files, &build, &added, &replaced), 0);
		if (replaced)
			known_drop(files, replaced);
	}
}

static void a_file_that_is_rewritten_often_has_to_wait(void **state)
{
	struct known_files files = {.search = 1};
	const struct stat st = stat_of(10);
	const struct stat other = {.st_dev = 7, .st_ino = 101};
	int64_t now = clock_monotonic_ns();

	(void)state;
	rewrite(&files, 4);
	assert_false(known_has_to_wait(&files, &st, now));
	known_release(&files);
	files.search = 1;
	rewrite(&files, 8);
	files.search += 2;
	assert_true(known_has_to_wait(&files, &st, now + 15 * NS_PER_SEC));
	assert_null(known_next_lost(&files));
	assert_false(known_has_to_wait(&files, &other, now));
	assert_false(known_has_to_wait(&files, &st, clock_monotonic_ns() + 16 * NS_PER_SEC));
	known_release(&files);
}

static void the_same_file_is_added_once(void **state)
{
	struct known_files files = {.search = 1};

	(void)state;
	assert_non_null(add(&files, 10));
	assert_null(add(&files, 10));
	known_release(&files);
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
