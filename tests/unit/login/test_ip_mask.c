/* SPDX-License-Identifier: MIT */
#include <arpa/inet.h>

#include "../cmocka_all.h"
#include "login/ip_mask.h"

static struct login_ip address(const char *text)
{
	struct login_ip ip = {.family = strchr(text, ':') ? AF_INET6 : AF_INET};

	assert_int_equal(inet_pton(ip.family, text, ip.bytes), 1);
	return ip;
}

static void masks_to(uint8_t v4, uint8_t v6, const char *from, const char *to)
{
	const struct ip_mask mask = {v4, v6};
	struct login_ip ip = address(from);
	char text[LOGIN_IP_TEXT_MAX];

	ip_mask_apply(&mask, &ip);
	login_ip_text(&ip, text);
	assert_string_equal(text, to);
}

static void bits_behind_the_prefix_are_cleared(void **state)
{
	(void)state;
	masks_to(24, 48, "192.0.2.255", "192.0.2.0");
	masks_to(25, 48, "192.0.2.255", "192.0.2.128");
	masks_to(32, 128, "192.0.2.255", "192.0.2.255");
	masks_to(0, 0, "192.0.2.255", "0.0.0.0");
	masks_to(24, 48, "2001:db8:1:2:3:4:5:6", "2001:db8:1::");
	masks_to(24, 47, "2001:db8:1:2:3:4:5:6", "2001:db8::");
	masks_to(24, 128, "2001:db8:1:2:3:4:5:6", "2001:db8:1:2:3:4:5:6");
}

static void mapped_addresses_are_ipv4(void **state)
{
	(void)state;
	masks_to(24, 48, "::ffff:192.0.2.255", "::ffff:192.0.2.0");
	masks_to(32, 48, "::ffff:192.0.2.255", "::ffff:192.0.2.255");
}

static void no_address_stays_none(void **state)
{
	const struct ip_mask mask = {24, 48};
	struct login_ip none = {0};
	char text[IP_NETWORK_TEXT_MAX];

	(void)state;
	ip_mask_apply(&mask, &none);
	assert_int_equal(none.family, 0);
	assert_int_equal(ip_network_text(&mask, &none, text), 0);
}

static void networks_have_their_length(void **state)
{
	static const char *const cases[][2] = {
		{"192.0.2.7", "192.0.2.0/24"},
		{"2001:db8:1:2::7", "2001:db8:1::/48"},
		{"::ffff:192.0.2.7", "::ffff:192.0.2.0/120"},
	};
	const struct ip_mask mask = {24, 48};
	char text[IP_NETWORK_TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct login_ip ip = address(cases[i][0]);

		assert_int_equal(ip_network_text(&mask, &ip, text), strlen(cases[i][1]));
		assert_string_equal(text, cases[i][1]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bits_behind_the_prefix_are_cleared),
		cmocka_unit_test(mapped_addresses_are_ipv4),
		cmocka_unit_test(no_address_stays_none),
		cmocka_unit_test(networks_have_their_length),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
