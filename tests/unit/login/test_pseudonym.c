/* SPDX-License-Identifier: MIT */
#include "../cmocka_all.h"
#include "login/pseudonym.h"

static void expect(const char *key, const char *user, const char *text)
{
	struct pseudonym *pseudonym;
	char got[PSEUDONYM_TEXT_MAX];

	assert_int_equal(pseudonym_new(slice_str(key), &pseudonym, NULL), 0);
	/* Twice: the second one begins anew. */
	for (int i = 0; i < 2; i++) {
		assert_int_equal(pseudonym_of(pseudonym, slice_str(user), got), 64);
		assert_string_equal(got, text);
	}
	pseudonym_free(&pseudonym);
	assert_null(pseudonym);
}

/* RFC 4231, cases 1 and 6. */
static void it_is_hmac_sha256(void **state)
{
	char key[132] = {0};

	(void)state;
	memset(key, 0x0b, 20);
	expect(key, "Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
	memset(key, 0xaa, 131);
	expect(key, "Test Using Larger Than Block-Size Key - Hash Key First",
	       "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

static void short_keys_are_refused(void **state)
{
	struct pseudonym *pseudonym = NULL;
	struct error error;

	(void)state;
	assert_int_equal(pseudonym_new(slice_str("123456789012345"), &pseudonym, &error), -EINVAL);
	assert_string_equal(error.text, "a key of 15 bytes; 16 to 4096 would be right");
	assert_null(pseudonym);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_hmac_sha256),
		cmocka_unit_test(short_keys_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
