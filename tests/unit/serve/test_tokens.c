/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>

#include "../cmocka_all.h"
#include "serve/tokens.h"

/* printf %s abcdefghijklmnop | sha256sum */
#define TOKEN "abcdefghijklmnop"
#define HASH  "f39dac6cbaba535e2c207cd0cd8f154974223c848f727f98b3564cea569b41cf"

static struct tokens parse(const char *text)
{
	struct error error = {0};
	struct tokens tokens;

	if (tokens_parse(slice_str(text), &tokens, &error) < 0)
		fail_msg("'%s': %s", text, error.text);
	return tokens;
}

static void a_token_or_its_hash_is_accepted(void **state)
{
	static const char *const texts[] = {
		TOKEN,
		"sha256:" HASH "\n",
		"# a comment\n\n  " TOKEN " \r\n",
		"sha256:0000000000000000000000000000000000000000000000000000000000000000\n" TOKEN
		"\n",
		"an-older-token-of-16\nsha256:" HASH "\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		const struct tokens tokens = parse(texts[i]);

		assert_true(tokens_accept(&tokens, "Bearer " TOKEN));
		assert_true(tokens_accept(&tokens, "bearer " TOKEN));
		assert_false(tokens_accept(&tokens, "Bearer " HASH));
		assert_false(tokens_accept(&tokens, "Bearer sha256:" HASH));
	}
}

static void nothing_else_is(void **state)
{
	static const char *const given[] = {
		NULL,
		"",
		"Bearer",
		"Bearer ",
		"Bearer  " TOKEN,
		TOKEN,
		"Basic " TOKEN,
		"Bearer " TOKEN " ",
		"Bearer " TOKEN "p",
		"Bearer abcdefghijklmno",
		"Bearer ABCDEFGHIJKLMNOP",
	};
	const struct tokens tokens = parse(TOKEN), none = {.count = 0};

	(void)state;
	for (size_t i = 0; i < sizeof(given) / sizeof(given[0]); i++) {
		if (tokens_accept(&tokens, given[i]))
			fail_msg("%s", given[i] ? given[i] : "(none)");
	}
	assert_false(tokens_accept(&none, "Bearer " TOKEN));
}

static void what_is_no_token_is_named_by_its_line(void **state)
{
	static const struct {
		const char *text, *error;
	} cases[] = {
		{"", "there is no token in it"},
		{"# none\n\n", "there is no token in it"},
		{"tooshort\n", "line 1: no token"},
		{"abcdefghijklmno", "line 1: no token"},
		{"\n" TOKEN "\nwith blank in it here\n", "line 3: no token"},
		{"caf\xc3\xa9-caf\xc3\xa9-caf\xc3\xa9\n", "line 1: no token"},
		{"sha256:\n", "line 1: 64 hexadecimal"},
		{"sha256:" HASH "0\n", "line 1: 64 hexadecimal"},
		{"sha256:g39dac6cbaba535e2c207cd0cd8f154974223c848f727f98b3564cea569b41cf",
		 "line 1: 64 hexadecimal"},
	};
	struct tokens tokens;
	struct error error;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(tokens_parse(slice_str(cases[i].text), &tokens, &error), -EINVAL);
		assert_non_null(strstr(error.text, cases[i].error));
		assert_null(strstr(error.text, "abcdefgh")); /* a secret is in no error */
	}
	assert_int_equal(
		tokens_parse((struct slice){TOKEN "\0\0", sizeof(TOKEN) + 1}, &tokens, NULL),
		-EINVAL);
}

static void there_is_room_for_sixteen(void **state)
{
	char text[32 * (TOKENS_MAX + 1)] = "";
	struct tokens tokens;
	struct error error;

	(void)state;
	for (int i = 0; i <= TOKENS_MAX; i++) {
		size_t len = strlen(text);

		if (i == TOKENS_MAX)
			assert_int_equal(parse(text).count, TOKENS_MAX);
		(void)snprintf(text + len, sizeof(text) - len, "token-of-sixteen-%02d\n", i);
	}
	assert_int_equal(tokens_parse(slice_str(text), &tokens, &error), -EINVAL);
	assert_string_equal(error.text, "line 17: there are at most 16 tokens");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_token_or_its_hash_is_accepted),
		cmocka_unit_test(nothing_else_is),
		cmocka_unit_test(what_is_no_token_is_named_by_its_line),
		cmocka_unit_test(there_is_room_for_sixteen),
	};

	return cmocka_run_group_tests_name("tokens", tests, NULL, NULL);
}
