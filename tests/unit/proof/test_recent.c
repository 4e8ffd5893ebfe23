/* SPDX-License-Identifier: MIT */
#include "proof/recent.h"
#include "proof_case.h"

static void an_authentication_is_found_by_its_session(void **state)
{
	struct recent recent = {0};
	struct login user = user_record("u", "session-1");
	struct login failed = failure_record("u", "session-1"),
		     good = auth_record("u", "session-1");

	(void)state;
	assert_null(recent_of_session(&recent, &user));
	recent_add(&recent, &failed, true);
	assert_false(recent_of_session(&recent, &user)->successful);
	recent_add(&recent, &good, true);
	assert_true(recent_of_session(&recent, &user)->successful); /* the newest */
	set(&user, DOVETAP_FIELD_SESSION_ID, NULL);
	assert_null(recent_of_session(&recent, &user));
}

static void or_by_name_and_connection(void **state)
{
	struct recent recent = {0};
	struct login auth = auth_record("User", "session-1"), user = user_record("user", "other");

	(void)state;
	recent_add(&recent, &auth, true);
	assert_non_null(recent_of_connection(&recent, &user));
	user.remote_port++;
	assert_null(recent_of_connection(&recent, &user));
	user.remote_port--;
	set(&user, DOVETAP_FIELD_USERNAME, "another");
	assert_null(recent_of_connection(&recent, &user));
	set(&user, DOVETAP_FIELD_USERNAME, "USER");
	set(&user, DOVETAP_FIELD_SESSION_ID, "session-1"); /* that is no other session */
	assert_null(recent_of_connection(&recent, &user));
}

static void or_by_name_and_service(void **state)
{
	struct recent recent = {0};
	struct login auth = auth_record("User", NULL), user = user_record("user", "session-1");

	(void)state;
	auth.remote_ip = (struct login_ip){0};
	recent_add(&recent, &auth, false);
	assert_null(recent_of_connection(&recent, &user));
	assert_non_null(recent_of_name(&recent, &user));
	set(&user, DOVETAP_FIELD_SERVICE, "pop3");
	assert_null(recent_of_name(&recent, &user));
}

static void old_ones_are_forgotten(void **state)
{
	struct recent recent = {0};
	struct login auth = auth_record("u", "session-1"), user = user_record("u", "session-1");

	(void)state;
	recent_add(&recent, &auth, true);
	user.boot_ns = auth.boot_ns + RECENT_KEEP_NS;
	assert_null(recent_of_session(&recent, &user));
	user.boot_ns = auth.boot_ns + RECENT_KEEP_NS - 1;
	assert_non_null(recent_of_session(&recent, &user));
	set(&auth, DOVETAP_FIELD_SESSION_ID, "session-2");
	for (int i = 0; i < RECENT_MAX; i++)
		recent_add(&recent, &auth, true);
	assert_null(recent_of_session(&recent, &user));
}

static void a_proxied_one_is_noticed(void **state)
{
	struct recent recent = {0};
	struct login auth = auth_record("u", "session-1"), proxy = user_record("", "");

	(void)state;
	recent_add(&recent, &auth, true);
	assert_false(recent_was_proxied(&recent, &proxy));
	set(&auth, DOVETAP_FIELD_PROXY_HOST, "backend");
	recent_add(&recent, &auth, true);
	assert_true(recent_was_proxied(&recent, &proxy));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_authentication_is_found_by_its_session),
		cmocka_unit_test(or_by_name_and_connection),
		cmocka_unit_test(or_by_name_and_service),
		cmocka_unit_test(old_ones_are_forgotten),
		cmocka_unit_test(a_proxied_one_is_noticed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
