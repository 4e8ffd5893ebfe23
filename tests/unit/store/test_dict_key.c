/* SPDX-License-Identifier: MIT */
/* Keys of which a part is open, as patterns. */
#include "../cmocka_all.h"
#include "store/dict_key.h"

static const struct key_part parts[] = {{"service", 2, 4}, {"user", 7, 3}, {"remote_ip", 11, 7}};

static struct dict_key key_of(uint64_t open)
{
	return (struct dict_key){slice_str("l/imap/u@x/1.2.3.4"), parts, 3, open, 2};
}

static bool fits(uint64_t open, const char *text)
{
	const struct dict_key key = key_of(open);
	struct dict_key_pieces pieces;

	dict_key_split(&key, &pieces);
	return dict_key_fits(&pieces, slice_str(text));
}

static void a_closed_key_fits_itself_alone(void **state)
{
	(void)state;
	assert_true(fits(0, "l/imap/u@x/1.2.3.4"));
	assert_false(fits(0, "l/imap/u@x/1.2.3.5"));
	assert_false(fits(0, "l/imap/u@x/1.2.3.4x"));
}

static void an_open_part_is_any_text(void **state)
{
	(void)state;
	assert_true(fits(4, "l/imap/u@x/2001:db8::1"));
	assert_true(fits(4, "l/imap/u@x/"));
	assert_false(fits(4, "l/imap/v@x/1.2.3.4"));
	assert_false(fits(4, "l/imap/u@x"));
	assert_true(fits(5, "l/pop3/u@x/1"));
	assert_true(fits(5, "l//u@x/"));
	assert_false(fits(5, "l/pop3/u@y/1"));
	assert_false(fits(5, "m/pop3/u@x/1"));
}

/* What stands at the end must not be what stood at the beginning already. */
static void pieces_do_not_overlap(void **state)
{
	static const struct key_part middle[] = {{"remote_ip", 2, 1}};
	const struct dict_key key = {slice_str("aa1aa"), middle, 1, 1, 0};
	struct dict_key_pieces pieces;

	(void)state;
	dict_key_split(&key, &pieces);
	assert_false(dict_key_fits(&pieces, slice_str("aaa")));
	assert_true(dict_key_fits(&pieces, slice_str("aaaa")));
	assert_true(dict_key_fits(&pieces, slice_str("aaXYaa")));
}

static void expect_text(struct buf *out, const char *text)
{
	assert_string_equal(buf_str(out), text);
	buf_reset(out);
}

static enum dict_key_verdict judge(const char *variable, const char *text)
{
	const struct key_part open[] = {{variable, 2, 1}, {"user", 4, 3}, {variable, 8, 1}};
	const struct dict_key key = {slice_str("l/1/u@x/1"), open, 3, 4, 2};

	return dict_key_judge(&key, slice_str(text));
}

/* What is removed must be nobody else's. */
static void a_name_that_goes_on_is_somebody_else(void **state)
{
	(void)state;
	assert_int_equal(judge("remote_ip", "l/1/u@x/2001:db8::1"), DICT_KEY_SURE);
	assert_int_equal(judge("remote_ip", "l/1/u@x/"), DICT_KEY_SURE);
	assert_int_equal(judge("remote_ip", "l/1/u@x/more/192.0.2.1"), DICT_KEY_OTHER);
	assert_int_equal(judge("remote_ip", "l/1/u@x/name"), DICT_KEY_OTHER);
	assert_int_equal(judge("remote_port", "l/1/u@x/143"), DICT_KEY_SURE);
	assert_int_equal(judge("remote_port", "l/1/u@x/14a"), DICT_KEY_OTHER);
	assert_int_equal(judge("session", "l/1/u@x/abc"), DICT_KEY_SURE);
	assert_int_equal(judge("session", "l/1/u@x/a/bc"), DICT_KEY_DOUBTFUL);
	assert_int_equal(judge("session", "l/1/v@x/abc"), DICT_KEY_OTHER);
	assert_int_equal(judge("session", "l/1/u@x"), DICT_KEY_OTHER);
}

static void patterns_have_nothing_else_that_is_special(void **state)
{
	static const struct key_part ip[] = {{"remote_ip", 8, 1}};
	const struct dict_key key = {slice_str("*?[a]^\\/1"), ip, 1, 1, 0};
	struct dict_key_pieces pieces;
	struct buf out;

	(void)state;
	buf_init(&out, 4096);
	dict_key_split(&key, &pieces);
	assert_int_equal(dict_key_glob(&out, &pieces), 0);
	expect_text(&out, "\\*\\?\\[a\\]\\^\\\\/*");
	assert_int_equal(dict_mask_like(&out, "*@ex_m%.c!m?"), 0);
	expect_text(&out, "%@ex!_m!%.c!!m_");
	buf_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_closed_key_fits_itself_alone),
		cmocka_unit_test(an_open_part_is_any_text),
		cmocka_unit_test(pieces_do_not_overlap),
		cmocka_unit_test(a_name_that_goes_on_is_somebody_else),
		cmocka_unit_test(patterns_have_nothing_else_that_is_special),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
