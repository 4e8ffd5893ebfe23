/* SPDX-License-Identifier: MIT */
/* Addresses are written as Dovecot writes them: the key, and so the record, depends on it. */
#include <arpa/inet.h>

#include "../cmocka_all.h"
#include "login/login.h"

static void expect_text(int family, const char *address, const char *text)
{
	struct login_ip ip = {.family = (uint16_t)family};
	char got[LOGIN_IP_TEXT_MAX];

	assert_int_equal(inet_pton(family, address, ip.bytes), 1);
	assert_int_equal(login_ip_text(&ip, got), strlen(text));
	assert_string_equal(got, text);
}

static void test_addresses_have_one_spelling(void **state)
{
	(void)state;
	expect_text(AF_INET, "192.0.2.7", "192.0.2.7");
	expect_text(AF_INET6, "2001:0DB8:0:0::00ff", "2001:db8::ff");
	expect_text(AF_INET6, "::ffff:1.2.3.4", "::ffff:1.2.3.4");
	expect_text(AF_INET6, "::1.2.3.4", "::1.2.3.4");
	expect_text(AF_INET6, "64:ff9b::1.2.3.4", "64:ff9b::102:304");
}

static void test_no_address_is_empty(void **state)
{
	const struct login_ip none = {.family = 0}, foreign = {.family = AF_UNIX};
	char text[LOGIN_IP_TEXT_MAX] = "left over";

	(void)state;
	assert_int_equal(login_ip_text(&none, text), 0);
	assert_string_equal(text, "");
	assert_int_equal(login_ip_text(&foreign, text), 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_addresses_have_one_spelling),
		cmocka_unit_test(test_no_address_is_empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
