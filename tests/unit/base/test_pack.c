/* SPDX-License-Identifier: MIT */
#include "../cmocka_all.h"
#include "base/pack.h"

#define MAX 1024

static void pack_some(struct buf *out)
{
	buf_init(out, MAX);
	pack_u32(out, 7);
	pack_text(out, "word");
	pack_text(out, "");
	pack_text(out, NULL);
	pack_bytes(out, (struct slice){"a\0b", 3});
	pack_u64(out, UINT64_MAX - 1);
	assert_int_equal(out->failed, 0);
}

/* Returns whether all of it is as it was packed. */
static bool unpack_some(struct slice bytes)
{
	struct unpack in = {.left = bytes};
	uint32_t number = unpack_u32(&in);
	const char *word = unpack_text(&in), *empty = unpack_text(&in), *none = unpack_text(&in);
	struct slice some = unpack_bytes(&in);
	uint64_t large = unpack_u64(&in);

	return unpack_is_whole(&in) && number == 7 && strcmp(word, "word") == 0 &&
	       strcmp(empty, "") == 0 && !none && slice_equal(some, (struct slice){"a\0b", 3}) &&
	       large == UINT64_MAX - 1;
}

static void values_come_back_as_they_were(void **state)
{
	struct buf out;

	(void)state;
	pack_some(&out);
	assert_true(unpack_some(buf_slice(&out)));
	buf_release(&out);
}

static void each_cut_is_noticed(void **state)
{
	struct buf out;

	(void)state;
	pack_some(&out);
	for (size_t len = 0; len < out.len; len++)
		assert_false(unpack_some((struct slice){out.data, len}));
	buf_release(&out);
}

static void more_than_was_packed_is_noticed(void **state)
{
	struct buf out;

	(void)state;
	pack_some(&out);
	pack_u32(&out, 0);
	assert_false(unpack_some(buf_slice(&out)));
	buf_release(&out);
}

/* A reader that went on would read what is not there. */
static void after_a_failure_nothing_is_read(void **state)
{
	struct unpack in = {.left = {"\xff\xff\xff\x7f\1\0\0\0", 8}};

	(void)state;
	assert_null(unpack_text(&in));
	assert_true(in.failed);
	assert_int_equal(unpack_u32(&in), 0);
	assert_int_equal(unpack_bytes(&in).len, 0);
	assert_false(unpack_is_whole(&in));
}

static void a_text_ends_with_its_only_nul(void **state)
{
	struct unpack within = {.left = {"\3\0\0\0a\0b\0", 8}};
	struct unpack without = {.left = {"\3\0\0\0abcd", 8}};

	(void)state;
	assert_null(unpack_text(&within));
	assert_true(within.failed);
	assert_null(unpack_text(&without));
	assert_true(without.failed);
}

static void what_does_not_fit_fails_the_buffer(void **state)
{
	struct buf out;

	(void)state;
	buf_init(&out, 8);
	pack_text(&out, "too long for it");
	assert_int_equal(out.failed, -E2BIG);
	buf_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_come_back_as_they_were),
		cmocka_unit_test(each_cut_is_noticed),
		cmocka_unit_test(more_than_was_packed_is_noticed),
		cmocka_unit_test(after_a_failure_nothing_is_read),
		cmocka_unit_test(a_text_ends_with_its_only_nul),
		cmocka_unit_test(what_does_not_fit_fails_the_buffer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
