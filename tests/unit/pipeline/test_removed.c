/* SPDX-License-Identifier: MIT */
/* What was forgotten and expired, as the state remembers it. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../cmocka_all.h"
#include "conf/config.h"
#include "pipeline/removed.h"

static char dir[] = "/tmp/test_removed.XXXXXX";

static char *path_of(void)
{
	static char path[64];

	(void)snprintf(path, sizeof(path), "%s/removed", dir);
	return path;
}

static void write_text(const char *text)
{
	FILE *file = fopen(path_of(), "w");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static struct plan *plan_with(const char *dict, const char *state_dir)
{
	const struct config_options options = {
		.path = "/dev/null", .dict = dict, .key = "l/%u", .state_dir = state_dir};
	struct plan *plan = NULL;
	struct error error;

	if (plan_new(&options, &plan, &error) < 0)
		fail_msg("%s", error.text);
	return plan;
}

static int note_older(const char *dict, const char *state_dir, int64_t before_ns,
		      struct error *error_r)
{
	struct plan *plan = plan_with(dict, state_dir);
	int ret = removed_note_older(plan, 0, before_ns, error_r);

	plan_free(&plan);
	return ret;
}

static int64_t older(const char *dict)
{
	struct plan *plan = plan_with(dict, dir);
	struct removed removed;
	int64_t time_ns;

	assert_int_equal(removed_read(&removed, dir, NULL), 0);
	time_ns = removed_older(&removed, plan, 0);
	plan_free(&plan);
	removed_release(&removed);
	return time_ns;
}

static void nothing_was_removed_without_a_file(void **state)
{
	(void)state;
	(void)unlink(path_of());
	assert_int_equal(older("redis:host=h"), 0);
}

static void the_newest_of_each_dict_counts(void **state)
{
	(void)state;
	assert_int_equal(note_older("redis:host=h", dir, 5, NULL), 0);
	assert_int_equal(note_older("redis:host=h", dir, 3, NULL), 0);
	assert_int_equal(note_older("sqlite:path=/a", dir, 9, NULL), 0);
	assert_int_equal(removed_note_user(dir, slice_str("redis"), 11, NULL), 0);
	assert_int_equal(older("redis:host=h"), 5);
	assert_int_equal(older("sqlite:path=/a"), 9);
	assert_int_equal(older("sqlite:path=/b"), 0); /* whose id is the same */
	assert_int_equal(older("redis:host=h:password=x:expire_secs=5"), 5);
}

static void the_file_is_as_described(void **state)
{
	char line[160];
	FILE *file;

	(void)state;
	(void)unlink(path_of());
	assert_int_equal(removed_note_user(dir, slice_str("alice"), 1795337984000000000, NULL), 0);
	file = fopen(path_of(), "r");
	assert_non_null(file);
	assert_non_null(fgets(line, sizeof(line), file));
	assert_string_equal(line, "dovetap-removed 1\n");
	assert_non_null(fgets(line, sizeof(line), file));
	assert_int_equal(strlen(line), strlen("user 0123456789abcdef 1795337984000000000\n"));
	assert_memory_equal(line, "user ", 5);
	assert_string_equal(line + 21, " 1795337984000000000\n");
	assert_null(fgets(line, sizeof(line), file));
	assert_int_equal(fclose(file), 0);
}

static void what_is_none_of_ours_is_refused(void **state)
{
	static const char *const texts[] = {
		"x\n",
		"dovetap-removed 2\n",
		"dovetap-removed 1\nuser 0123456789abcdef 17953",
		"dovetap-removed 1\nuser 0123456789abcdef\n",
		"dovetap-removed 1\nsome 0123456789abcdef 1795337984000000000\n",
	};
	struct removed removed;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		write_text(texts[i]);
		assert_int_equal(removed_read(&removed, dir, NULL), -EPROTO);
	}
}

static void a_place_that_is_not_there_is_an_error(void **state)
{
	struct error error = {0};

	(void)state;
	assert_int_equal(note_older("redis:host=h", "/nonexistent/x", 5, &error), -REMOVED_UNNOTED);
	assert_non_null(strstr(error.text, "/nonexistent/x/removed"));
}

static int set_up(void **state)
{
	(void)state;
	return mkdtemp(dir) ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	(void)unlink(path_of());
	return rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_was_removed_without_a_file),
		cmocka_unit_test(the_newest_of_each_dict_counts),
		cmocka_unit_test(the_file_is_as_described),
		cmocka_unit_test(what_is_none_of_ours_is_refused),
		cmocka_unit_test(a_place_that_is_not_there_is_an_error),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
