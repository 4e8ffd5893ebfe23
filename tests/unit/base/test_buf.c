/* SPDX-License-Identifier: MIT */
#include "../cmocka_all.h"
#include "base/buf.h"

static void content_is_followed_by_a_nul(void **state)
{
	struct buf buf;

	(void)state;
	buf_init(&buf, 100);
	assert_string_equal(buf_str(&buf), "");
	assert_int_equal(buf_slice(&buf).len, 0);
	assert_int_equal(buf_append_str(&buf, "ab"), 0);
	assert_int_equal(buf_append_char(&buf, '\0'), 0);
	assert_int_equal(buf_append_slice(&buf, (struct slice){"cd", 1}), 0);
	assert_int_equal(buf_append_slice(&buf, (struct slice){NULL, 0}), 0);
	assert_int_equal(buf_appendf(&buf, "%d%s", 12, "x"), 0);
	assert_int_equal(buf.len, 7);
	assert_memory_equal(buf.data, "ab\0c12x", 8);
	assert_int_equal(buf_slice(&buf).len, 7);
	assert_ptr_equal(buf_slice(&buf).ptr, buf.data);
	buf_release(&buf);
	assert_null(buf.data);
}

/* The ceiling is that of the content; its NUL comes on top. */
static void nothing_goes_beyond_the_ceiling(void **state)
{
	struct buf buf;

	(void)state;
	buf_init(&buf, 7);
	assert_int_equal(buf_append(&buf, "1234567", 7), 0);
	assert_int_equal(buf_append(&buf, "8", 1), -E2BIG);
	assert_string_equal(buf_str(&buf), "1234567"); /* it keeps what it had */
	assert_int_equal(buf.failed, -E2BIG);
	assert_int_equal(buf_append(&buf, "", 0), -E2BIG); /* and stays failed */
	assert_int_equal(buf_appendf(&buf, "%s", ""), -E2BIG);
	buf_reset(&buf);
	assert_int_equal(buf.failed, 0);
	assert_int_equal(buf.len, 0);
	assert_string_equal(buf_str(&buf), "");
	assert_int_equal(buf_appendf(&buf, "%s", "1234567"), 0);
	assert_int_equal(buf_appendf(&buf, "%s", "8"), -E2BIG);
	assert_string_equal(buf_str(&buf), "1234567");
	buf_release(&buf);
}

static void sums_that_overflow_are_too_long(void **state)
{
	struct buf buf;

	(void)state;
	buf_init(&buf, 1U << 30);
	assert_int_equal(buf_append_char(&buf, 'x'), 0);
	assert_int_equal(buf_reserve(&buf, SIZE_MAX), -E2BIG);
	buf_release(&buf);
}

static void reserved_room_is_there(void **state)
{
	struct buf buf;

	(void)state;
	buf_init(&buf, 1U << 20);
	assert_int_equal(buf_append_char(&buf, 'x'), 0);
	assert_int_equal(buf_reserve(&buf, 5000), 0);
	assert_in_range(buf.size, 5002, 1U << 20);
	memset(buf.data + buf.len, 'y', 5000); /* the sanitizer looks */
	assert_int_equal(buf.len, 1);
	buf_release(&buf);
}

/* Long texts of printf grow the buffer as well. */
static void formatted_text_may_be_long(void **state)
{
	struct buf buf;
	char text[3000];

	(void)state;
	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	buf_init(&buf, 10000);
	for (int i = 0; i < 3; i++)
		assert_int_equal(buf_appendf(&buf, "%s", text), 0);
	assert_int_equal(buf.len, 3 * (sizeof(text) - 1));
	assert_int_equal(strlen(buf_str(&buf)), buf.len);
	buf_release(&buf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(content_is_followed_by_a_nul),
		cmocka_unit_test(nothing_goes_beyond_the_ceiling),
		cmocka_unit_test(sums_that_overflow_are_too_long),
		cmocka_unit_test(reserved_room_is_there),
		cmocka_unit_test(formatted_text_may_be_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
