/* SPDX-License-Identifier: MIT */
#include "../cmocka_all.h"
#include "login/filter.h"

#define NOW 1000000000000ULL

static struct login user_login(void)
{
	struct login login = {
		.type = DOVETAP_EVENT_MAIL_USER, .pid = 7, .object = 0x1000, .boot_ns = NOW};

	login.text[DOVETAP_FIELD_USERNAME] = slice_str("u@example.com");
	return login;
}

static void a_login_passes_once(void **state)
{
	struct filter filter = {0};
	struct login login = user_login();

	(void)state;
	assert_int_equal(filter_login(&filter, &login, NOW), FILTER_PASS);
	login.boot_ns += FILTER_DUPLICATE_NS - 1;
	assert_int_equal(filter_login(&filter, &login, NOW), FILTER_DUPLICATE);
}

static void a_reused_address_is_another_login(void **state)
{
	struct filter filter = {0};
	struct login login = user_login();

	(void)state;
	assert_int_equal(filter_login(&filter, &login, NOW), FILTER_PASS);
	login.boot_ns += FILTER_DUPLICATE_NS;
	assert_int_equal(filter_login(&filter, &login, NOW), FILTER_PASS);
	login.pid++;
	assert_int_equal(filter_login(&filter, &login, NOW), FILTER_PASS);
}

static void another_user_at_the_same_address_passes(void **state)
{
	struct filter filter = {0};
	struct login login = user_login();

	(void)state;
	assert_int_equal(filter_login(&filter, &login, NOW), FILTER_PASS);
	login.text[DOVETAP_FIELD_USERNAME] = slice_str("v@example.com");
	assert_int_equal(filter_login(&filter, &login, NOW), FILTER_PASS);
	login.text[DOVETAP_FIELD_SESSION_ID] = slice_str("s2");
	assert_int_equal(filter_login(&filter, &login, NOW), FILTER_PASS);
	assert_int_equal(filter_login(&filter, &login, NOW), FILTER_DUPLICATE);
}

static void what_is_no_login_is_reported_by_reason(void **state)
{
	struct filter filter = {0};
	struct login login = user_login();

	(void)state;
	login.flags = DOVETAP_FLAG_AUTOCREATED;
	assert_int_equal(filter_login(&filter, &login, NOW), FILTER_AUTOCREATED);
	login.flags = DOVETAP_FLAG_SESSION_RESTORED;
	assert_int_equal(filter_login(&filter, &login, NOW), FILTER_RESTORED);
	login.flags = 0;
	login.truncated = DOVETAP_BIT(DOVETAP_FIELD_USERNAME);
	assert_int_equal(filter_login(&filter, &login, NOW), FILTER_CUT_NAME);
	login.truncated = DOVETAP_BIT(DOVETAP_FIELD_HOME);
	login.boot_ns = NOW + FILTER_FUTURE_NS;
	assert_int_equal(filter_login(&filter, &login, NOW), FILTER_PASS); /* not too far */
	login.boot_ns = NOW + FILTER_FUTURE_NS + 1;
	assert_int_equal(filter_login(&filter, &login, NOW), FILTER_FUTURE);
	login.text[DOVETAP_FIELD_USERNAME].len = 0;
	assert_int_equal(filter_login(&filter, &login, NOW), FILTER_NO_NAME);
}

/* A refusal without a name is a refusal; a proxied login has its name from elsewhere. */
static void only_a_login_needs_its_name_here(void **state)
{
	struct filter filter = {0};
	struct login login = user_login();

	(void)state;
	login.type = DOVETAP_EVENT_AUTH;
	login.text[DOVETAP_FIELD_USERNAME].len = 0;
	assert_int_equal(filter_login(&filter, &login, NOW), FILTER_PASS);
	login.flags = DOVETAP_FLAG_SUCCESSFUL;
	assert_int_equal(filter_login(&filter, &login, NOW), FILTER_NO_NAME);
	login.type = DOVETAP_EVENT_PROXY;
	login.object++;
	assert_int_equal(filter_login(&filter, &login, NOW), FILTER_PASS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_login_passes_once),
		cmocka_unit_test(a_reused_address_is_another_login),
		cmocka_unit_test(another_user_at_the_same_address_passes),
		cmocka_unit_test(what_is_no_login_is_reported_by_reason),
		cmocka_unit_test(only_a_login_needs_its_name_here),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
