/* SPDX-License-Identifier: MIT */
#include "../cmocka_all.h"
#include "base/json.h"

static void expect(struct buf *out, const char *text)
{
	assert_string_equal(buf_str(out), text);
	buf_release(out);
}

static void members_are_separated(void **state)
{
	struct buf out;

	(void)state;
	buf_init(&out, 256);
	buf_append_char(&out, '{');
	json_number(&out, "a", -1);
	json_bool(&out, "b", true);
	json_name(&out, "c");
	buf_append_char(&out, '{');
	json_text(&out, "d", slice_str("\"\\\n\xc3\xa4"));
	buf_append_str(&out, "}}");
	expect(&out, "{\"a\":-1,\"b\":true,\"c\":{\"d\":\"\\\"\\\\\\u000a\xc3\xa4\"}}");
}

static void other_bytes_become_hex(void **state)
{
	struct buf out;

	(void)state;
	buf_init(&out, 256);
	buf_append_char(&out, '{');
	json_text(&out, "a", slice_str("a\xff"));
	json_text(&out, "b", slice_str("\xc0\xaf"));
	json_text(&out, "c", slice_str("\xed\xa0\x80"));
	expect(&out, "{\"a_hex\":\"61ff\",\"b_hex\":\"c0af\",\"c_hex\":\"eda080\"");
}

static void time_is_utc_with_microseconds(void **state)
{
	struct buf out;

	(void)state;
	buf_init(&out, 256);
	buf_append_char(&out, '{');
	json_time(&out, "t", 1795338302000001999);
	expect(&out, "{\"t\":\"2026-11-22T09:05:02.000001Z\"");
}

static void ceiling_is_reported(void **state)
{
	struct buf out;

	(void)state;
	buf_init(&out, 4);
	assert_int_equal(json_text(&out, "name", slice_str("text")), -E2BIG);
	buf_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(members_are_separated),
		cmocka_unit_test(other_bytes_become_hex),
		cmocka_unit_test(time_is_utc_with_microseconds),
		cmocka_unit_test(ceiling_is_reported),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
