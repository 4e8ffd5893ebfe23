/* SPDX-License-Identifier: MIT */
#include "../cmocka_all.h"
#include "dovecot/layout.h"
#include "dovecot/probes.h"

static void test_every_known_release_has_every_role(void **state)
{
	(void)state;
	for (size_t i = 0; i < layouts_embedded_count; i++) {
		uint64_t release = probe_release(layouts_embedded[i].abi);

		assert_int_not_equal(release, 0);
		for (enum priv_role role = 1; role < PRIV_ROLE_END; role++)
			assert_non_null(probe_next(role, release, NULL));
	}
}

static void check_row(enum priv_role role, uint64_t release, const char *first, const char *second)
{
	const struct probe *probe = probe_next(role, release, NULL);

	assert_string_equal(probe->symbol, first);
	probe = probe_next(role, release, probe);
	if (!second)
		assert_null(probe);
	else
		assert_string_equal(probe->symbol, second);
}

static void test_rows_come_in_order_of_preference(void **state)
{
	(void)state;
	check_row(PRIV_ROLE_MAIL_USER, PROBE_RELEASE(2, 4, 1), "hook_mail_user_created",
		  "mail_user_init");
	check_row(PRIV_ROLE_AUTH, PROBE_RELEASE(2, 3, 7), "auth_request_finished_event",
		  "auth_request_proxy_finish");
	check_row(PRIV_ROLE_PROXY, PROBE_RELEASE(2, 3, 19), "client_proxy_finish_destroy_client",
		  NULL);
}

static void test_old_releases_have_no_finished_event(void **state)
{
	(void)state;
	check_row(PRIV_ROLE_AUTH, PROBE_RELEASE(2, 3, 6), "auth_request_proxy_finish", NULL);
}

/* Releases that have no better point tell failures at another one. */
static void test_failures_are_companions_of_successes(void **state)
{
	const struct probe *success = probe_next(PRIV_ROLE_AUTH, PROBE_RELEASE(2, 3, 6), NULL);
	const struct probe *failure = probe_next_companion(success, PROBE_RELEASE(2, 3, 6), NULL);

	(void)state;
	assert_string_equal(failure->symbol, "auth_request_fail");
	assert_null(probe_next_companion(success, PROBE_RELEASE(2, 3, 6), failure));
	failure = probe_next_companion(success, PROBE_RELEASE(2, 4, 1), NULL);
	assert_string_equal(failure->symbol, "auth_request_fail_with_reply");
	success = probe_next(PRIV_ROLE_AUTH, PROBE_RELEASE(2, 4, 1), NULL);
	assert_null(probe_next_companion(success, PROBE_RELEASE(2, 4, 1), NULL));
}

static void test_release_is_that_of_a_whole_abi_string(void **state)
{
	(void)state;
	assert_int_equal(probe_release("2.3.ABIv19(2.3.19.1)"), PROBE_RELEASE(2, 3, 19));
	assert_int_equal(probe_release("2.4.ABIv1"), PROBE_RELEASE(2, 4, 1));
	assert_int_equal(probe_release("2.4.ABIv1 or so"), 0);
	assert_int_equal(probe_release(""), 0);
	assert_true(probe_release("2026.ABIv2") > PROBE_RELEASE(2, 9999, 9999));
	assert_true(probe_release("2026.ABIv3") > probe_release("2026.ABIv2"));
	assert_true(probe_release("0.0.ABIv0(0.0.0)") > probe_release("2026.ABIv2"));
}

static void test_a_file_has_its_role_by_its_whole_name(void **state)
{
	(void)state;
	assert_int_equal(probe_role_of_name("auth"), PRIV_ROLE_AUTH);
	assert_int_equal(probe_role_of_name("libdovecot-storage.so.0"), PRIV_ROLE_MAIL_USER);
	assert_int_equal(probe_role_of_name("libdovecot-storage.so"), PRIV_ROLE_MAIL_USER);
	assert_int_equal(probe_role_of_name("libdovecot-storage.so.13"), PRIV_ROLE_MAIL_USER);
	assert_int_equal(probe_role_of_name("libdovecot-login.so.0"), PRIV_ROLE_PROXY);
	assert_int_equal(probe_role_of_name("authority"), 0);
	assert_int_equal(probe_role_of_name("aut"), 0);
	assert_int_equal(probe_role_of_name("libd.so"), 0); /* a dot where "auth" has its end */
	assert_int_equal(probe_role_of_name("libdovecot.so.0"), 0);
	assert_int_equal(probe_role_of_name(""), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_known_release_has_every_role),
		cmocka_unit_test(test_rows_come_in_order_of_preference),
		cmocka_unit_test(test_old_releases_have_no_finished_event),
		cmocka_unit_test(test_failures_are_companions_of_successes),
		cmocka_unit_test(test_release_is_that_of_a_whole_abi_string),
		cmocka_unit_test(test_a_file_has_its_role_by_its_whole_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
