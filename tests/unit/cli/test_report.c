/* SPDX-License-Identifier: MIT */
/* Rows for people and for programs. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../cmocka_all.h"
#include "base/clock.h"
#include "cli/report.h"

static const struct report_column columns[] = {{"USER", "user", NULL},
					       {"TIME", "time", "never"},
					       {"AGE", "age_seconds", "-"},
					       {NULL, NULL, NULL}};

#define WHEN (1795337984 * NS_PER_SEC + 123456789)

static void expect(enum report_form form, const struct report_cell *cells, const char *expected)
{
	struct report report;
	struct error error;
	char *text = NULL;
	size_t len = 0;
	FILE *to = open_memstream(&text, &len);

	report_init(&report, form, columns, to);
	report_measure(&report, cells);
	report_begin(&report);
	report_row(&report, cells);
	assert_int_equal(report_end(&report, &error), 0);
	report_release(&report);
	assert_int_equal(fclose(to), 0);
	assert_string_equal(text, expected);
	free(text);
}

static void a_login_in_each_form(void **state)
{
	const struct report_cell cells[] = {{.kind = REPORT_TEXT, .text = slice_str("a,\"b")},
					    {.kind = REPORT_TIME, .ns = WHEN, .decimals = 3},
					    {.kind = REPORT_AGE, .ns = 90 * NS_PER_SEC}};

	(void)state;
	expect(REPORT_TABLE, cells,
	       "USER  TIME                 AGE\na,\"b  2026-11-22 08:59:44  1m\n");
	expect(REPORT_CSV, cells,
	       "user,time,age_seconds,user_hex\n\"a,\"\"b\",2026-11-22T08:59:44.123+00:00,90,\n");
	expect(REPORT_JSON, cells,
	       "{\"user\":\"a,\\\"b\",\"time\":\"2026-11-22T08:59:44.123+00:00\",\"age_seconds\":90}\n");
}

/* No two names look the same, no byte of them reaches a terminal or is run, none is changed. */
static void names_in_csv(void **state)
{
	static const struct {
		const char *name, *plain, *hex;
	} names[] = {
		{"a", "a", ""},
		{"a=b", "a=b", ""},
		{"\xc3\xa9\\x", "\xc3\xa9\\x", ""},
		{"\\xff", "\\xff", ""},
		{"\xff", "", "ff"},
		{"=1+1", "", "3d312b31"},
		{"+a", "", "2b61"},
		{"-a", "", "2d61"},
		{"@a", "", "4061"},
		{"\t=a", "", "093d61"},
		{"a\x1b[2J", "", "611b5b324a"},
		{"a\nb", "", "610a62"},
		{"\xc2\x9b", "", "c29b"},
		{"\xe2\x80\xae", "", "e280ae"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const struct report_cell cells[] = {
			{.kind = REPORT_TEXT, .text = slice_str(names[i].name)},
			{.kind = REPORT_NONE},
			{.kind = REPORT_NONE}};
		char wanted[128];

		(void)snprintf(wanted, sizeof(wanted), "user,time,age_seconds,user_hex\n%s,,,%s\n",
			       names[i].plain, names[i].hex);
		expect(REPORT_CSV, cells, wanted);
	}
}

static void other_texts_in_csv(void **state)
{
	static const struct {
		const char *text, *wanted;
	} texts[] = {
		{"imap", "imap"}, {"=cmd|x,", "\"'=cmd|x,\""},
		{"-1", "'-1"},	  {"\xff\x1b", "\\xff\\x1b"},
		{"a\\b", "a\\b"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		const struct report_cell cells[] = {
			{.kind = REPORT_TEXT, .text = slice_str("u")},
			{.kind = REPORT_TEXT, .text = slice_str(texts[i].text)},
			{.kind = REPORT_NONE}};
		char wanted[128];

		(void)snprintf(wanted, sizeof(wanted), "user,time,age_seconds,user_hex\nu,%s,,\n",
			       texts[i].wanted);
		expect(REPORT_CSV, cells, wanted);
	}
}

static void nothing_and_bytes(void **state)
{
	const struct report_cell cells[] = {{.kind = REPORT_TEXT, .text = slice_str("\xff\x1b")},
					    {.kind = REPORT_NONE},
					    {.kind = REPORT_NONE}};

	(void)state;
	expect(REPORT_TABLE, cells, "USER      TIME   AGE\n\\xff\\x1b  never  -\n");
	expect(REPORT_JSON, cells, "{\"user_hex\":\"ff1b\",\"time\":null,\"age_seconds\":null}\n");
}

static void decimals_are_those_of_the_value(void **state)
{
	(void)state;
	assert_int_equal(report_decimals(slice_str("1795337984")), 0);
	assert_int_equal(report_decimals(slice_str("1795337984123")), 3);
	assert_int_equal(report_decimals(slice_str("1795337984123456")), 6);
	assert_int_equal(report_decimals(slice_str("1795337984123456789")), 9);
	assert_int_equal(report_decimals(slice_str("2026-11-22 08:59")), 0);
}

static void a_full_disk_is_an_error(void **state)
{
	FILE *full = fopen("/dev/full", "w");
	struct error error;

	(void)state;
	assert_non_null(full);
	(void)fputs("x", full);
	assert_int_equal(output_end(full, &error), -ENOSPC);
	(void)fclose(full);
}

static void other_zones_are_told(void **state)
{
	struct buf out;

	(void)state;
	buf_init(&out, 100);
	assert_int_equal(setenv("TZ", "XXX-5:30", 1), 0);
	tzset();
	report_append_time(&out, WHEN, 9);
	assert_string_equal(buf_str(&out), "2026-11-22T14:29:44.123456789+05:30");
	assert_int_equal(setenv("TZ", "UTC", 1), 0);
	tzset();
	buf_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_login_in_each_form),
		cmocka_unit_test(nothing_and_bytes),
		cmocka_unit_test(names_in_csv),
		cmocka_unit_test(other_texts_in_csv),
		cmocka_unit_test(decimals_are_those_of_the_value),
		cmocka_unit_test(a_full_disk_is_an_error),
		cmocka_unit_test(other_zones_are_told),
	};

	(void)setenv("TZ", "UTC", 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
