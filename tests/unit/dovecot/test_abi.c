/* SPDX-License-Identifier: MIT */
#include "../cmocka_all.h"
#include "dovecot/abi.h"

static void test_reads_the_strings_of_all_series(void **state)
{
	static const struct {
		const char *text;
		struct abi expected;
	} cases[] = {
		{"2.3.ABIv13(2.3.13)", {2, 3, 13, 18}},
		{"2.3.ABIv19(2.3.19.1)", {2, 3, 19, 20}},
		{"2.4.ABIv1", {2, 4, 1, 9}},
		{"2.4.ABIv5", {2, 4, 5, 9}},
		{"2.3.ABIv0(2.3.0)", {2, 3, 0, 16}},
		{"2.3.ABIv21(2.3.21-git+dfsg~1_2)", {2, 3, 21, 31}},
		{"10.12.ABIv345", {10, 12, 345, 13}},
		{"2026.ABIv2", {2026, 0, 2, 10}},
		{"2.4.ABIv5.1", {2, 4, 5, 11}},
		{"2.4.ABIv5+ubuntu", {2, 4, 5, 16}},
		{"2.4.ABIv5-3~bpo12", {2, 4, 5, 17}},
		{"2.3.ABIv19(2.3.19.1 custom)", {2, 3, 19, 27}},
		{"0.0.ABIv0(0.0.0)", {0, 0, 0, 16}},
		{"2.3.9.ABIv3(2.3.9.3)", {2, 3, 3, 20}},
		{"2.4.ABIv1(1:2.4.1+dfsg1-6+deb13u7)", {2, 4, 1, 34}},
	};
	struct abi abi;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_true(abi_parse(slice_str(cases[i].text), &abi));
		assert_int_equal(abi.major, cases[i].expected.major);
		assert_int_equal(abi.minor, cases[i].expected.minor);
		assert_int_equal(abi.patch, cases[i].expected.patch);
		assert_int_equal(abi.len, cases[i].expected.len);
	}
}

static void test_refuses_what_only_looks_like_one(void **state)
{
	static const char *const cases[] = {
		"",
		"2",
		"2.3",
		"2.3.19.1",
		"2.3.ABI",
		"2.3.ABIv",
		".3.ABIv1",
		"2..ABIv1",
		"a.3.ABIv1",
		"2.3.abiv1",
		"2.3.ABIv1(2.3.1",
		"2.3.ABIv1(2.3;1)",
		"2026.",
		"2026..ABIv2",
		"20261.ABIv2",
		"2.4.x.ABIv1",
		"2.4..ABIv1",
		"2.4.1..ABIv1",
		"-2.3.ABIv1",
		"2.3.ABIvx",
		"2.3.19.1 (9b5310)",
		"2.3.ABIv1(a/b)",
		"2.3.ABIv1(aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		"aaaaaaaaaaaaaaaaaaaaaaaaa)",
	};
	struct abi abi;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_false(abi_parse(slice_str(cases[i]), &abi));
}

static bool find(const char *bytes, size_t len, struct slice *text_r)
{
	struct abi abi;
	size_t at = 0;

	return abi_find((struct slice){bytes, len}, &at, &abi, text_r);
}

#define FIND(literal, text_r) find(literal, sizeof(literal) - 1, text_r)

static void test_finds_only_a_whole_string(void **state)
{
	struct slice text;

	(void)state;
	assert_true(FIND("x\0"
			 "2.4.ABIv1\0y",
			 &text));
	assert_true(slice_is(text, "2.4.ABIv1"));
	assert_true(FIND("2.3.ABIv19(2.3.19.1)\0", &text)); /* at the very beginning */
	assert_true(slice_is(text, "2.3.ABIv19(2.3.19.1)"));
	assert_true(FIND("no ABIv here\0"
			 "2.4.ABIv1\0",
			 &text)); /* behind a false start */

	assert_false(FIND("plugin for 2.4.ABIv1\0", &text)); /* the end of a longer text */
	assert_false(FIND("2.4.ABIv1 needed\0", &text));     /* the beginning of one */
	assert_false(FIND("\0"
			  "2.4.ABIv1",
			  &text)); /* cut off by the section's end */
	assert_false(FIND("ABIv", &text));
	assert_false(FIND("", &text));
}

static void test_finds_one_behind_the_other(void **state)
{
	static const char section[] = "2.4.ABIv1\0zzz\0"
				      "2.4.ABIv2";
	struct slice all = {section, sizeof(section)}, text;
	struct abi abi;
	size_t at = 0;

	(void)state;
	assert_true(abi_find(all, &at, &abi, &text));
	assert_int_equal(abi.patch, 1);
	assert_true(abi_find(all, &at, &abi, &text));
	assert_int_equal(abi.patch, 2);
	assert_false(abi_find(all, &at, &abi, &text));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reads_the_strings_of_all_series),
		cmocka_unit_test(test_refuses_what_only_looks_like_one),
		cmocka_unit_test(test_finds_only_a_whole_string),
		cmocka_unit_test(test_finds_one_behind_the_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
