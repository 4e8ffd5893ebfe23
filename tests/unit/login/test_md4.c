/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "../cmocka_all.h"
#include "login/template/md4.h"

static void check(const char *text, const char *expected)
{
	unsigned char digest[MD4_SIZE];
	char hex[2 * MD4_SIZE + 1];
	struct md4 md4;

	md4_init(&md4);
	md4_update(&md4, text, strlen(text));
	md4_final(&md4, digest);
	for (size_t i = 0; i < MD4_SIZE; i++)
		(void)snprintf(hex + 2 * i, 3, "%02x", digest[i]);
	assert_string_equal(hex, expected);
}

/* RFC 1320, A.5 */
static void vectors_of_the_rfc(void **state)
{
	(void)state;
	check("", "31d6cfe0d16ae931b73c59d7e0c089c0");
	check("a", "bde52cb31de33e46245e05fbdbd6fb24");
	check("abc", "a448017aaf21d8525fc10ae87aa6729d");
	check("message digest", "d9130a8164549fe818874806e1c7014b");
	check("abcdefghijklmnopqrstuvwxyz", "d79e1c308aa5bbcdeea8ed63df412da9");
	check("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
	      "043f8582f241db351ce627e153e7f0e4");
	check("12345678901234567890123456789012345678901234567890123456789012345678901234567890",
	      "e33b4ddc9c38f2199c3e7b164fcc0536");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(vectors_of_the_rfc),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
