/* SPDX-License-Identifier: MIT */
#include "../cmocka_all.h"
#include "base/utf8.h"

/* RFC 3629, section 4, as its grammar has it: an oracle of another shape than the code. */
static size_t by_the_grammar(const uint8_t *p, size_t len)
{
	static const struct {
		uint8_t first, first_end, second, second_end;
		size_t len;
	} forms[] = {
		{0x00, 0x7f, 0, 0, 1},	     {0xc2, 0xdf, 0x80, 0xbf, 2},
		{0xe0, 0xe0, 0xa0, 0xbf, 3}, {0xe1, 0xec, 0x80, 0xbf, 3},
		{0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
		{0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4},
		{0xf4, 0xf4, 0x80, 0x8f, 4},
	};

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		if (p[0] < forms[i].first || p[0] > forms[i].first_end || len < forms[i].len)
			continue;
		if (forms[i].len > 1 && (p[1] < forms[i].second || p[1] > forms[i].second_end))
			continue;
		for (size_t j = 2; j < forms[i].len; j++) {
			if (p[j] < 0x80 || p[j] > 0xbf)
				return 0;
		}
		return forms[i].len;
	}
	return 0;
}

/* Every first and second byte, with bytes at the borders behind them, in every length. */
static void sequences_are_those_of_the_grammar(void **state)
{
	static const uint8_t edges[] = {0x00, 0x7f, 0x80, 0xbf, 0xc0, 0xff};
	uint8_t p[4];

	(void)state;
	for (unsigned int lead = 0; lead < 0x10000; lead++) {
		p[0] = (uint8_t)(lead >> 8);
		p[1] = (uint8_t)lead;
		for (unsigned int i = 0; i < 36; i++) {
			p[2] = edges[i / 6];
			p[3] = edges[i % 6];
			for (size_t len = 1; len <= 4; len++) {
				if (utf8_sequence(p, len) != by_the_grammar(p, len))
					fail_msg("%02x %02x %02x %02x, %zu", p[0], p[1], p[2], p[3],
						 len);
			}
		}
	}
}

static void a_text_is_valid_to_its_end(void **state)
{
	(void)state;
	assert_true(text_is_utf8((struct slice){NULL, 0}));
	assert_true(text_is_utf8(slice_str("a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80z")));
	assert_true(text_is_utf8((struct slice){"\0a", 2}));
	assert_false(text_is_utf8(slice_str("abc\xc3")));
	assert_false(text_is_utf8(slice_str("\xffxyz")));
	assert_false(text_is_utf8((struct slice){"\xc3\xa4", 1}));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sequences_are_those_of_the_grammar),
		cmocka_unit_test(a_text_is_valid_to_its_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
