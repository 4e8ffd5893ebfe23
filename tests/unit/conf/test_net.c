/* SPDX-License-Identifier: MIT */
#include <arpa/inet.h>
#include <string.h>

#include "../cmocka_all.h"
#include "conf/net.h"

static struct conf_net net_of(const char *text)
{
	struct conf_net net = {{0}, 0};

	if (!conf_net_parse(text, &net))
		fail_msg("%s", text);
	return net;
}

static struct conf_ip ip_of(const char *text)
{
	struct conf_ip ip = {.family = AF_INET};

	if (inet_pton(AF_INET, text, ip.bytes) == 1)
		return ip;
	ip.family = AF_INET6;
	assert_int_equal(inet_pton(AF_INET6, text, ip.bytes), 1);
	return ip;
}

static void networks_have_an_address_and_bits(void **state)
{
	(void)state;
	assert_int_equal(net_of("192.0.2.1").bits, 32);
	assert_int_equal(net_of("192.0.2.0/24").bits, 24);
	assert_int_equal(net_of("0.0.0.0/0").bits, 0);
	assert_int_equal(net_of("192.0.2.0/32").bits, 32);
	assert_int_equal(net_of("2001:db8::/32").bits, 32);
	assert_int_equal(net_of("2001:db8::1").bits, 128);
	assert_int_equal(net_of("[2001:db8::1]").bits, 128);
	assert_int_equal(net_of("[2001:db8::]/64").bits, 64);
	assert_int_equal(net_of("2001:db8::/128").ip.family, AF_INET6);
	assert_int_equal(net_of("192.0.2.7").ip.bytes[3], 7);
}

static void anything_else_is_none(void **state)
{
	static const char *const texts[] = {
		"",
		"mx.example.com",
		"192.0.2",
		"192.0.2.0/33",
		"192.0.2.0/",
		"::1/129",
		"192.0.2.0/-1",
		"192.0.2.0/+1",
		"192.0.2.0/ 1",
		"192.0.2.0/1x",
		"[::1",
		"::1]",
		"[]",
		"[192.0.2.1]/33",
		"/24",
		"192.0.2.0/18446744073709551617",
		"0000000000000000000000000000000000000000000000000000000000000000::1",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct conf_net net = {{.family = 77}, 0};

		if (conf_net_parse(texts[i], &net))
			fail_msg("'%s' was taken", texts[i]);
		assert_int_equal(net.ip.family, 77); /* set on success only */
	}
}

/* Each number of bits: the address that differs in the last bit of the prefix is outside, the one
 * that differs in the next bit is inside. */
static void every_prefix_has_its_border(void **state)
{
	(void)state;
	for (unsigned int bits = 0; bits <= 128; bits++) {
		struct conf_net net = {.ip = ip_of("2001:db8:5555:aaaa:5555:aaaa:5555:aaaa"),
				       .bits = bits};
		struct conf_ip last = net.ip, next = net.ip;

		assert_true(conf_net_has(&net, &net.ip));
		if (bits > 0) {
			last.bytes[(bits - 1) / 8] ^= (uint8_t)(0x80 >> (bits - 1) % 8);
			assert_false(conf_net_has(&net, &last));
		}
		if (bits < 128) {
			next.bytes[bits / 8] ^= (uint8_t)(0x80 >> bits % 8);
			assert_true(conf_net_has(&net, &next));
		}
	}
}

static void families_are_apart_but_for_mapped_addresses(void **state)
{
	const struct conf_net v4 = net_of("192.0.2.0/24"), any4 = net_of("0.0.0.0/0"),
			      any6 = net_of("::/0");
	const struct conf_ip mapped = ip_of("::ffff:192.0.2.9"), v6 = ip_of("2001:db8::1"),
			     plain = ip_of("192.0.2.9"), other = ip_of("::ffff:192.0.3.9"),
			     none = {0};

	(void)state;
	assert_true(conf_net_has(&v4, &plain));
	assert_true(conf_net_has(&v4, &mapped));
	assert_false(conf_net_has(&v4, &other));
	assert_false(conf_net_has(&any6, &plain));
	assert_false(conf_net_has(&any6, &mapped));
	assert_true(conf_net_has(&any6, &v6));
	assert_false(conf_net_has(&any4, &v6));
	assert_false(conf_net_has(&any4, &none));
}

static void equal_is_equal_in_all(void **state)
{
	const struct conf_net a = net_of("192.0.2.0/24"), b = net_of("192.0.2.0/25"),
			      c = net_of("192.0.3.0/24"), d = net_of("192.0.2.0/24");
	struct conf_net e = a;

	(void)state;
	e.ip.family = AF_INET6;
	assert_true(conf_net_equal(&a, &d));
	assert_false(conf_net_equal(&a, &b));
	assert_false(conf_net_equal(&a, &c));
	assert_false(conf_net_equal(&a, &e));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(networks_have_an_address_and_bits),
		cmocka_unit_test(anything_else_is_none),
		cmocka_unit_test(every_prefix_has_its_border),
		cmocka_unit_test(families_are_apart_but_for_mapped_addresses),
		cmocka_unit_test(equal_is_equal_in_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
