/* SPDX-License-Identifier: MIT */
/* Which columns of a map hold what, by the parts of a key. */
#include <stdlib.h>
#include <string.h>

#include "../cmocka_all.h"
#include "store/drivers/sql/columns.h"

/* shared/last-login/SERVICE/NAME/DOMAIN, whatever the map calls them. */
static const struct key_part parts[] = {{"service", 18, 4}, {"username", 23, 3}, {"domain", 27, 2}};
static const struct dict_key key = {
	{"shared/last-login/imap/bob/ex", 29}, parts, 3, 0, 1U << 1 | 1U << 2};

static char pattern[] = "shared/last-login/$/$/$", t[] = "t", a[] = "a", b[] = "b", c[] = "c";
static struct sql_map map = {
	.pattern = pattern,
	.columns = {{.name = t},
		    {.name = a, .variable = a},
		    {.name = b, .variable = b},
		    {.name = c, .variable = c}},
	.column_count = 4,
};
static const struct sql_map_set set = {&map, 1};

static void parts_tell_what_a_column_is(void **state)
{
	struct sql_columns columns;

	(void)state;
	assert_true(sql_columns_find(&set, 0, &key, 1, false, &columns));
	assert_int_equal(columns.service, 1);
	assert_int_equal(columns.username, 2);
	assert_int_equal(columns.domain, 3);
	assert_int_equal(columns.user, 0);
	assert_int_equal(columns.of_user, 1U << 2 | 1U << 3);
	assert_true(slice_is(columns.values[2], "bob"));
}

static void a_user_is_put_together(void **state)
{
	const struct slice row[] = {slice_str("1"), slice_str("imap"), slice_str("eve"),
				    slice_str("org")};
	const struct slice bare[] = {slice_str("1"), slice_str("imap"), slice_str("eve"),
				     slice_str("")};
	struct sql_columns columns;
	struct buf scratch;

	(void)state;
	buf_init(&scratch, 100);
	assert_true(sql_columns_find(&set, 0, &key, 1, false, &columns));
	assert_true(slice_is(sql_columns_user(&columns, row, &scratch), "eve@org"));
	assert_true(slice_is(sql_columns_user(&columns, bare, &scratch), "eve"));
	buf_release(&scratch);
}

static void a_column_with_something_unknown_is_not_asked_for(void **state)
{
	struct dict_key open = key;
	struct sql_columns columns;

	(void)state;
	open.open = 1U << 2;
	open.of_user = 1U << 1;
	assert_true(sql_columns_find(&set, 0, &open, 1, false, &columns));
	assert_int_equal(columns.of_user, 1U << 2);
}

static void another_key_leads_nowhere(void **state)
{
	struct dict_key other = key;
	struct sql_columns columns;

	(void)state;
	other.text = slice_str("shared/elsewhere/imap/bob/ex");
	other.part_count = 0;
	assert_false(sql_columns_find(&set, 0, &other, 1, false, &columns));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parts_tell_what_a_column_is),
		cmocka_unit_test(a_user_is_put_together),
		cmocka_unit_test(a_column_with_something_unknown_is_not_asked_for),
		cmocka_unit_test(another_key_leads_nowhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
