/* SPDX-License-Identifier: MIT */
/* Since when logins are recorded. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../cmocka_all.h"
#include "conf/config.h"
#include "pipeline/since.h"
#include "plan/plan_recording.h"

#define DAY   (24 * 3600 * NS_PER_SEC)
#define START (1795337984 * NS_PER_SEC)

static struct plan *plan_with(const char *key)
{
	const struct config_options options = {.path = "/dev/null", .dict = "memory:", .key = key};
	struct plan *plan = NULL;
	struct error error;

	if (plan_new(&options, &plan, &error) < 0)
		fail_msg("%s", error.text);
	return plan;
}

static int take_mark(const struct plan_recording *recording, void *context)
{
	*(uint64_t *)context = recording->mark;
	return 0;
}

static const struct since_entry *imap_of(const struct since *since, const struct plan *plan)
{
	uint64_t mark = 0;

	assert_int_equal(plan_each_recording(plan, take_mark, &mark), 0);
	return since_find(since, mark, "imap");
}

static void it_begins_once_and_goes_on(void **state)
{
	struct plan *plan = plan_with("l/%u");
	struct since since = {0};

	(void)state;
	assert_int_equal(since_note(&since, plan, START), 0);
	assert_int_equal(since.count, 2); /* imap, pop3 */
	assert_int_equal(since_note(&since, plan, START + DAY / 2), 0);
	assert_int_equal(since.count, 2);
	assert_int_equal(imap_of(&since, plan)->from_ns, START);
	assert_int_equal(imap_of(&since, plan)->seen_ns, START + DAY / 2);
	since_release(&since);
	plan_free(&plan);
}

/* What happened in between nobody has seen. */
static void a_gap_begins_it_anew(void **state)
{
	struct plan *plan = plan_with("l/%u");
	struct since since = {0};

	(void)state;
	assert_int_equal(since_note(&since, plan, START), 0);
	assert_int_equal(since_note(&since, plan, START + DAY + 1), 0);
	assert_int_equal(imap_of(&since, plan)->from_ns, START + DAY + 1);
	since_release(&since);
	plan_free(&plan);
}

static void another_key_begins_anew_and_the_old_one_is_kept(void **state)
{
	struct plan *plan = plan_with("l/%u"), *other = plan_with("m/%u");
	struct since since = {0};

	(void)state;
	assert_int_equal(since_note(&since, plan, START), 0);
	assert_int_equal(since_note(&since, other, START + 5), 0);
	assert_int_equal(imap_of(&since, plan)->from_ns, START);
	assert_int_equal(imap_of(&since, other)->from_ns, START + 5);
	assert_int_equal(since_note(&since, other, START + 1000 * DAY), 0);
	assert_null(imap_of(&since, plan));
	since_release(&since);
	plan_free(&plan);
	plan_free(&other);
}

static void it_survives_in_its_file(void **state)
{
	char dir[] = "/tmp/test_since.XXXXXX", path[64];
	struct plan *plan = plan_with("l/%u");
	struct since since = {0}, again;
	struct error error;

	(void)state;
	assert_non_null(mkdtemp(dir));
	assert_int_equal(since_read(&again, dir, &error), -ENOENT);
	assert_int_equal(since_note(&since, plan, START), 0);
	assert_int_equal(since_write(&since, dir, &error), 0);
	assert_int_equal(since_read(&again, dir, &error), 0);
	assert_int_equal(again.count, since.count);
	assert_int_equal(imap_of(&again, plan)->from_ns, START);
	snprintf(path, sizeof(path), "%s/since", dir);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(dir), 0);
	since_release(&since);
	since_release(&again);
	plan_free(&plan);
}

static void what_is_none_is_refused(void **state)
{
	static const char *const broken[] = {
		"",
		"dovetap-since 2\n",
		"dovetap-since 1\nx\n",
		"dovetap-since 1\n0123456789abcdef imap 2 1\n", /* seen before it began */
		"dovetap-since 1\n0123456789abcdef imap 1",
		"dovetap-since 1\n0123456789abcdef imap -1 1\n"};

	(void)state;
	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
		struct since since = {0};

		assert_int_equal(since_parse(&since, slice_str(broken[i])), -EPROTO);
		since_release(&since);
	}
}

static void a_store_that_lost_all_begins_anew(void **state)
{
	struct plan *plan = plan_with("l/%u");
	struct since since = {0};

	(void)state;
	assert_int_equal(since_restart(&since, plan, 0, START), 0);
	assert_int_equal(since.count, 0);
	assert_int_equal(since_note(&since, plan, START), 0);
	assert_int_equal(since_restart(&since, plan, 1, START + 5), 0); /* another dict */
	assert_int_equal(since_restart(&since, plan, 0, 0), 2);
	assert_int_equal(imap_of(&since, plan)->from_ns, START);
	assert_int_equal(since_restart(&since, plan, 0, START + 9), 2);
	assert_int_equal(imap_of(&since, plan)->from_ns, START + 9);
	since_release(&since);
	plan_free(&plan);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_begins_once_and_goes_on),
		cmocka_unit_test(a_gap_begins_it_anew),
		cmocka_unit_test(another_key_begins_anew_and_the_old_one_is_kept),
		cmocka_unit_test(a_store_that_lost_all_begins_anew),
		cmocka_unit_test(it_survives_in_its_file),
		cmocka_unit_test(what_is_none_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
