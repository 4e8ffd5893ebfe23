/* SPDX-License-Identifier: MIT */
/* The SELECTs by which records are found and listed. */
#include <string.h>

#include "../cmocka_all.h"
#include "store/drivers/sql/select.h"

static char t[] = "t", v[] = "v", s[] = "s", u[] = "u";
static struct sql_map map = {
	.table = t,
	.columns = {{.name = v}, {.name = s, .variable = s}, {.name = u, .variable = u}},
	.column_count = 3,
};
static const struct sql_columns columns = {
	.values = {{0}, {"imap", 4}, {"bob", 3}}, .user = 2, .service = 1, .of_user = 1U << 2};

static void expect(struct sql_select *select, int ret, const char *text, const char *params)
{
	struct buf all;

	assert_int_equal(ret, 0);
	buf_init(&all, 4096);
	for (size_t i = 0; i < select->param_count; i++) {
		buf_append_slice(&all, select->params[i]);
		buf_append_char(&all, ';');
	}
	assert_string_equal(buf_str(&select->text), text);
	assert_string_equal(buf_str(&all), params);
	buf_release(&all);
	sql_select_release(select);
}

static void of_a_user(void **state)
{
	struct sql_select select;

	(void)state;
	sql_select_init(&select);
	expect(&select, sql_select_of_user(&select, SQL_MYSQL, &map, &columns),
	       "SELECT `v`,`s`,`u` FROM `t` WHERE `u`=?", "bob;");
	sql_select_init(&select);
	expect(&select, sql_select_of_user(&select, SQL_PGSQL, &map, &columns),
	       "SELECT \"v\",\"s\",\"u\" FROM \"t\" WHERE \"u\"=$1", "bob;");
}

static void of_those_who_are_like_that(void **state)
{
	struct sql_select select;

	(void)state;
	sql_select_init(&select);
	(void)sql_select_all(&select, SQL_SQLITE, &map);
	expect(&select, sql_select_like(&select, SQL_SQLITE, &map, &columns, slice_str("%@x")),
	       "SELECT \"v\",\"s\",\"u\" FROM \"t\" WHERE \"v\" IS NOT NULL"
	       " AND \"u\" LIKE ? ESCAPE '!'",
	       "%@x;");
}

/* A time is of any of the four units, by its size. */
static void without_those_who_have_logged_in(void **state)
{
	static const char *const unjudged[] = {"lmtp", NULL};
	const struct sql_judge judge = {&map, &columns, unjudged};
	struct sql_select select;

	(void)state;
	sql_select_init(&select);
	(void)sql_select_all(&select, SQL_PGSQL, &map);
	expect(&select,
	       sql_select_inactive(&select, SQL_PGSQL, &map, &columns, &judge, 1795337984123456789),
	       "SELECT \"v\",\"s\",\"u\" FROM \"t\" WHERE \"v\" IS NOT NULL"
	       " AND (\"u\") NOT IN (SELECT \"u\" FROM \"t\" WHERE \"u\" IS NOT NULL"
	       " AND \"s\" NOT IN ($1)"
	       " AND ((\"v\">=1795337984 AND \"v\"<1000000000000)"
	       " OR (\"v\">=1795337984123 AND \"v\"<1000000000000000)"
	       " OR (\"v\">=1795337984123456 AND \"v\"<1000000000000000000)"
	       " OR (\"v\">=1795337984123456789)))",
	       "lmtp;");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(of_a_user),
		cmocka_unit_test(of_those_who_are_like_that),
		cmocka_unit_test(without_those_who_have_logged_in),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
