/* SPDX-License-Identifier: MIT */
/* Databases that tests/golden/make-mmdb makes, with the library of MaxMind's. */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "../conf/folder.h"
#include "login/geo.h"

/* The program that makes them is looked for from where tests start: the top of the tree. */
static int make_databases(void **state)
{
	char script[2000];
	const char *here = realpath(".", NULL);

	if (!here || enter_folder(state) < 0)
		return -1;
	(void)snprintf(
		script, sizeof(script),
		"set -e; make=%s/tests/golden/make-mmdb\n"
		"printf '::192.0.2.0/122 DE\\n2001:db8::/32 SE\\n' | $make Country country\n"
		"printf '::192.0.2.0/120 NL\\n' | $make Registered registered\n"
		"printf '::192.0.2.0/124 xx\\n' | $make Country lower\n"
		"printf '::192.0.2.0/124 DEU\\n' | $make Country long\n"
		"printf '::192.0.2.0/124 64496\\n2001:db8:1::/48 4200000001\\n' | $make ASN asn\n"
		"head -c 300 country > cut\n",
		here);
	free((void *)here);
	return system(script);
}

static struct geo *open_ok(const char *country, const char *asn)
{
	struct geo *geo = NULL;
	struct error error = {0};

	if (geo_new(country, asn, &geo, &error) < 0)
		fail_msg("%s", error.text);
	assert_non_null(geo);
	return geo;
}

static void expect(struct geo *geo, int family, const char *address, const char *country,
		   const char *asn)
{
	struct login_ip ip = {.family = (uint16_t)family};
	const struct geo_place *place;

	assert_int_equal(inet_pton(family, address, ip.bytes), 1);
	place = geo_find(geo, &ip);
	assert_string_equal(place->country, country);
	assert_string_equal(place->asn, asn);
}

static void an_address_has_country_and_network(void **state)
{
	struct geo *geo = open_ok("country", "asn");
	const struct login_ip none = {.family = 0};

	(void)state;
	expect(geo, AF_INET, "192.0.2.1", "DE", "64496");
	expect(geo, AF_INET, "192.0.2.63", "DE", "");
	expect(geo, AF_INET, "192.0.2.64", "", "");
	expect(geo, AF_INET6, "2001:db8:1::5", "SE", "4200000001");
	expect(geo, AF_INET6, "2001:db8:2::5", "SE", "");
	expect(geo, AF_INET6, "::ffff:192.0.2.1", "DE", "64496"); /* it is the address of IPv4 */
	assert_string_equal(geo_find(geo, &none)->country, "");
	geo_free(&geo);
	assert_null(geo);
	geo_free(&geo);
}

static void one_database_is_enough(void **state)
{
	struct geo *geo = open_ok("", "asn");

	(void)state;
	expect(geo, AF_INET, "192.0.2.1", "", "64496");
	geo_free(&geo);
	geo = open_ok("country", "");
	expect(geo, AF_INET, "192.0.2.1", "DE", "");
	geo_free(&geo);
}

static void without_any_there_is_nothing(void **state)
{
	struct geo *geo = (struct geo *)1;

	(void)state;
	assert_int_equal(geo_load("", "", NULL), 0);
	assert_int_equal(geo_new("", "", &geo, NULL), 0);
	assert_null(geo);
}

static void where_it_was_registered_is_the_second_choice(void **state)
{
	struct geo *geo = open_ok("registered", "");

	(void)state;
	expect(geo, AF_INET, "192.0.2.200", "NL", "");
	geo_free(&geo);
}

static void only_two_capitals_are_a_country(void **state)
{
	struct geo *geo = open_ok("lower", "");

	(void)state;
	expect(geo, AF_INET, "192.0.2.1", "ZZ", ""); /* make-mmdb's registered_country */
	geo_free(&geo);
	geo = open_ok("long", "");
	expect(geo, AF_INET, "192.0.2.1", "ZZ", "");
	geo_free(&geo);
}

static void expect_refused(const char *country, const char *asn, int code, const char *text)
{
	struct geo *geo = NULL;
	struct error error = {0};

	assert_int_equal(geo_new(country, asn, &geo, &error), code);
	assert_null(geo);
	if (!strstr(error.text, text))
		fail_msg("'%s' has no '%s'", error.text, text);
}

static void files_that_are_none_are_refused(void **state)
{
	(void)state;
	write_file("text", "no database", 0600);
	expect_refused("none", "", -ENOENT, "geoip_country: none: No such file");
	expect_refused("text", "", -EINVAL, "geoip_country: text: ");
	expect_refused("cut", "", -EINVAL, "geoip_country: cut: ");
	expect_refused("country", "none", -ENOENT, "geoip_asn: none: ");
}

static void a_database_of_another_kind_is_refused(void **state)
{
	(void)state;
	expect_refused("asn", "", -EINVAL, "a database of type \"Test-ASN\" does not contain that");
	expect_refused("", "country", -EINVAL, "geoip_asn: country: a database of type");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_address_has_country_and_network),
		cmocka_unit_test(one_database_is_enough),
		cmocka_unit_test(without_any_there_is_nothing),
		cmocka_unit_test(where_it_was_registered_is_the_second_choice),
		cmocka_unit_test(only_two_capitals_are_a_country),
		cmocka_unit_test(files_that_are_none_are_refused),
		cmocka_unit_test(a_database_of_another_kind_is_refused),
	};

	return cmocka_run_group_tests(tests, make_databases, leave_folder);
}
