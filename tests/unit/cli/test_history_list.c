/* SPDX-License-Identifier: MIT */
#include <errno.h>

#include "../plan/plan_case.h"
#include "base/clock.h"
#include "cli/history_list.h"

#define CONF "plugin {\n last_login_dict = sqlite:path=%s/db\n}\ndovetap {\n state_dir = %s\n%s}\n"

static struct plan *plan_with(const char *settings)
{
	char text[1000];

	snprintf(text, sizeof(text), CONF, folder, folder, settings);
	return plan_of(text);
}

static size_t dict_of(const struct plan *plan, enum deliver_purpose purpose)
{
	for (size_t i = 0; i < plan_route_count(plan); i++) {
		if (plan_route(plan, i)->purpose == purpose)
			return plan_route(plan, i)->dict;
	}
	fail();
	return 0;
}

static void store(const struct plan *plan, enum deliver_purpose purpose, const char *id,
		  int64_t secs)
{
	const struct key_part part = {"user", 21, 3};
	char value[64];
	struct dict_entry entry = {.key = slice_str("shared/login-history/u@x/7"),
				   .time_ns = secs * NS_PER_SEC,
				   .parts = &part,
				   .part_count = 1};
	struct dict *dict = NULL;
	struct error error = {0};

	snprintf(value, sizeof(value), "id=%s\tservice=imap", id);
	entry.value = slice_str(value);
	if (plan_dict_open(plan, dict_of(plan, purpose), &dict, &error) < 0 ||
	    dict_write(dict, &entry, 1, clock_monotonic_ns() + 60 * NS_PER_SEC, &error) < 0)
		fail_msg("%s", error.text);
	assert_int_equal(entry.outcome, DICT_STORED);
	dict_close(&dict);
}

static void expect_id(const struct history_list *list, size_t index, const char *id)
{
	assert_true(index < list->count);
	assert_true(slice_is(list->items[index]->row.field[HISTORY_ID], id));
	assert_true(slice_is(list->items[index]->row.user, "u@x"));
}

static void rows_of_all_histories_come_the_newest_first(void **state)
{
	struct plan *plan = plan_with(" history = 5\n history_failures = 5\n");
	struct history_list list = {.plan = plan, .limit = 5};
	struct error error = {0};

	(void)state;
	store(plan, DELIVER_HISTORY, "1", 10);
	store(plan, DELIVER_FAILURE_HISTORY, "2", 20);
	store(plan, DELIVER_HISTORY, "3", 30);
	/* Asked twice, as for two names of one user, each is there once. */
	assert_int_equal(history_ask(&list, slice_str("u@x"), &error), 0);
	assert_int_equal(history_ask(&list, slice_str(""), &error), 0);
	assert_int_equal(list.count, 6);
	history_sort(&list);
	assert_int_equal(list.count, 3);
	expect_id(&list, 0, "3");
	expect_id(&list, 1, "2");
	expect_id(&list, 2, "1");
	assert_int_equal(list.items[1]->purpose, DELIVER_FAILURE_HISTORY);
	history_list_release(&list);
	assert_int_equal(history_ask(&list, slice_str("v@x"), &error), 0);
	assert_int_equal(list.count, 0);
	history_sort(&list);
	history_list_release(&list);
	plan_free(&plan);
}

static void without_a_history_it_is_an_error(void **state)
{
	struct plan *plan = plan_with("");
	struct history_list list = {.plan = plan, .limit = 5};
	struct error error = {0};

	(void)state;
	assert_int_equal(history_ask(&list, slice_str("u@x"), &error), -EINVAL);
	assert_non_null(strstr(error.text, "the setting history"));
	history_list_release(&list);
	plan_free(&plan);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_of_all_histories_come_the_newest_first),
		cmocka_unit_test(without_a_history_it_is_an_error),
	};

	return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
