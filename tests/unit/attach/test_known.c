/* SPDX-License-Identifier: MIT */
#include "attach/known.h"

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
		cmocka_unit_test(the_same_file_is_added_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
