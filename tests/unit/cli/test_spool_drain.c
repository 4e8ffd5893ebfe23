/* SPDX-License-Identifier: MIT */
/* A spool as a collector leaves it, and a file: dict. */
#include <limits.h>

#include "cli/spool_drain.h"
#include "pipeline/targets.h"
#include "plan_of.h"
#include "store/spool/spool.h"

static struct plan *plan_to(const char *path, const char *more)
{
	char text[1000];

	(void)snprintf(text, sizeof(text),
		       "plugin {\n last_login_dict = file:%s\n last_login_key = last/%%u\n}\n"
		       "dovetap {\n spool_dir = %s/spool\n services = imap\n%s}\n",
		       path, folder, more);
	return plan_of(text);
}

/* Records u0@x, u1@x ... with the time 1795338170. */
static void fill(const struct plan *plan, unsigned int count)
{
	struct error error = {0};
	struct spool *spool;

	assert_int_equal(targets_open_spool(plan, 0, &spool, &error), 0);
	for (unsigned int i = 0; i < count; i++) {
		char key[40];
		struct dict_entry entry = {.value = slice_str("1795338170"),
					   .time_ns = 1795338170000000000,
					   .outcome = DICT_RETRY};

		(void)snprintf(key, sizeof(key), "shared/last/u%u@x", i);
		entry.key = slice_str(key);
		if (spool_apply_outcomes(spool, &entry, 1, &error) < 0)
			fail_msg("%s", error.text);
	}
	spool_close(&spool);
}

static unsigned int lines_of(const char *path)
{
	unsigned int lines = 0;
	FILE *file = fopen(path, "r");
	int c;

	while (file && (c = getc(file)) != EOF)
		lines += c == '\n';
	if (file)
		(void)fclose(file);
	return lines;
}

static bool has_key(const char *path, const char *key)
{
	char line[100];
	FILE *file = fopen(path, "r");
	bool found = false;

	while (file && fgets(line, sizeof(line), file))
		found = found || strncmp(line, key, strlen(key)) == 0;
	if (file)
		(void)fclose(file);
	return found;
}

static void path_of(char path[300], const char *name)
{
	(void)snprintf(path, 300, "%s/%s", folder, name);
}

static void all_of_it_is_written(void **state)
{
	char path[300];
	struct error error = {0};
	struct plan *plan;

	(void)state;
	path_of(path, "dict");
	plan = plan_to(path, "");
	fill(plan, 2001); /* more than two batches */
	assert_int_equal(spool_drain(plan, 0, &error), 0);
	assert_int_equal(lines_of("dict"), 2 * 2001);
	assert_true(has_key("dict", "shared/last/u0@x"));
	assert_true(has_key("dict", "shared/last/u2000@x"));
	assert_int_equal(spool_drain(plan, 0, &error), 0); /* of an empty one */
	plan_free(&plan);
}

static void an_unreachable_dict_leaves_them(void **state)
{
	struct error error = {0};
	struct plan *plan = plan_to("/proc/none/dict", "");

	(void)state;
	fill(plan, 3);
	assert_int_equal(spool_drain(plan, 0, &error), -ENOENT);
	assert_non_null(strstr(error.text, "/proc/none/dict"));
	plan_free(&plan);
	/* Nothing was lost: the next one takes all of them. */
	plan = plan_to("/dev/shm/dovetap-test-drain", "");
	assert_int_equal(spool_drain(plan, 0, &error), 0);
	assert_int_equal(lines_of("/dev/shm/dovetap-test-drain"), 6);
	assert_int_equal(unlink("/dev/shm/dovetap-test-drain"), 0);
	plan_free(&plan);
}

static void hold(const struct plan *plan, const char *key, const char *value, int64_t time_ns)
{
	struct dict_entry entry = {
		.key = slice_str(key), .value = slice_str(value), .time_ns = time_ns};
	struct error error = {0};
	struct spool *spool;

	assert_int_equal(targets_open_spool(plan, 0, &spool, &error), 0);
	assert_int_equal(spool_hold(spool, &entry, 1, &error), 0);
	assert_int_equal(entry.outcome, DICT_DONE);
	assert_int_equal(spool_held(spool), 1);
	spool_close(&spool);
}

/* What min_interval holds is written as well. */
static void held_records_are_written(void **state)
{
	char path[300];
	struct error error = {0};
	struct plan *plan;

	(void)state;
	path_of(path, "held");
	plan = plan_to(path, " min_interval = 1 days\n");
	fill(plan, 1);
	assert_int_equal(spool_drain(plan, 0, &error), 0);
	assert_true(has_key("held", "1795338170"));
	hold(plan, "shared/last/u0@x", "1795338199", 1795338199000000000);
	assert_int_equal(spool_drain(plan, 0, &error), 0);
	assert_true(has_key("held", "1795338199"));
	assert_int_equal(lines_of("held"), 2);
	plan_free(&plan);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_of_it_is_written),
		cmocka_unit_test(an_unreachable_dict_leaves_them),
		cmocka_unit_test(held_records_are_written),
	};

	return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
