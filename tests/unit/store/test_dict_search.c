/* SPDX-License-Identifier: MIT */
/* What a store cannot be asked is refused, and never answered. */
#include <string.h>

#include "../cmocka_all.h"
#include "base/clock.h"
#include "store/dict.h"

static const struct key_part parts[] = {{"user", 9, 1}, {"remote_ip", 11, 1}};

struct found {
	int count;
	const struct dict_key *asked;
};

static void take(const struct dict_record *record, void *context)
{
	struct found *found = context;

	found->count++;
	found->asked = record->asked;
}

static struct dict *open_memory(void)
{
	const struct dict_config config = {.uri = "memory:", .where = "test"};
	struct dict_entry entry = {
		.key = slice_str("shared/l/u/1"), .value = slice_str("1795337984"), .time_ns = 1};
	struct error error;
	struct dict *dict;

	assert_int_equal(dict_open(&config, &dict, &error), 0);
	assert_int_equal(dict_write(dict, &entry, 1, INT64_MAX, &error), 0);
	return dict;
}

static int search(uint64_t open, size_t count, struct found *found, struct error *error_r)
{
	static struct dict_key key;
	struct dict *dict = open_memory();
	int ret;

	key = (struct dict_key){slice_str("shared/l/u/1"), parts, 2, open, 1};
	ret = dict_search(dict, slice_str("u"), &key, count, INT64_MAX, take, found, error_r);
	assert_true(ret < 0 || found->asked == &key);
	dict_close(&dict);
	return ret;
}

static void a_whole_key_is_looked_up(void **state)
{
	struct found found = {0};
	struct error error;

	(void)state;
	assert_int_equal(search(0, 1, &found, &error), 1);
	assert_int_equal(found.count, 1);
}

static void an_open_key_is_refused_with_what_is_missing(void **state)
{
	struct found found = {0};
	struct error error;

	(void)state;
	assert_int_equal(search(2, 1, &found, &error), -EOPNOTSUPP);
	assert_non_null(strstr(error.text, "remote_ip"));
	assert_int_equal(found.count, 0);
}

static void no_key_is_no_answer(void **state)
{
	struct found found = {0};
	struct error error;

	(void)state;
	assert_int_equal(search(0, 0, &found, &error), -EOPNOTSUPP);
}

static void not_every_store_lists(void **state)
{
	const struct dict_listing listing = {.key_count = 0};
	struct dict *dict = open_memory();
	struct found found = {0};
	struct error error;

	(void)state;
	assert_int_equal(dict_list(dict, &listing, NS_PER_SEC, take, &found, &error), -EOPNOTSUPP);
	dict_close(&dict);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_whole_key_is_looked_up),
		cmocka_unit_test(an_open_key_is_refused_with_what_is_missing),
		cmocka_unit_test(no_key_is_no_answer),
		cmocka_unit_test(not_every_store_lists),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
