/* SPDX-License-Identifier: MIT */
#include "login/join.h"

#include "../cmocka_all.h"

#include <stdio.h>

static struct login auth_record(const char *session, uint64_t boot_ns)
{
	struct login login = {.type = DOVETAP_EVENT_AUTH,
			      .boot_ns = boot_ns,
			      .flags = DOVETAP_FLAG_SUCCESSFUL | DOVETAP_FLAG_SECURED};

	login.text[DOVETAP_FIELD_SESSION_ID] = slice_str(session);
	login.text[DOVETAP_FIELD_MECH] = slice_str("PLAIN");
	login.text[DOVETAP_FIELD_MASTER_USER] = slice_str("admin");
	return login;
}

static struct login mail_user_record(const char *session, uint64_t boot_ns)
{
	struct login login = {.type = DOVETAP_EVENT_MAIL_USER, .boot_ns = boot_ns};

	login.text[DOVETAP_FIELD_SESSION_ID] = slice_str(session);
	return login;
}

static struct join *new_join(void)
{
	struct join *join;

	assert_int_equal(join_new(&join, NULL), 0);
	return join;
}

static void auth_fills_what_mail_user_lacks(void **state)
{
	struct login auth = auth_record("s1", 100), user = mail_user_record("s1", 200);
	struct join *join = new_join();

	(void)state;
	join_auth(join, &auth);
	assert_true(join_mail_user(join, &user));
	assert_true(slice_is(user.text[DOVETAP_FIELD_MECH], "PLAIN"));
	assert_true(slice_is(user.text[DOVETAP_FIELD_MASTER_USER], "admin"));
	assert_true(login_has(&user, DOVETAP_FIELD_MECH));
	assert_true(user.flags == DOVETAP_FLAG_SECURED);
	join_free(&join);
}

static void what_mail_user_knows_stays(void **state)
{
	struct login auth = auth_record("s1", 100), user = mail_user_record("s1", 200);
	struct join *join = new_join();

	(void)state;
	user.text[DOVETAP_FIELD_MECH] = slice_str("LOGIN");
	join_auth(join, &auth);
	assert_true(join_mail_user(join, &user));
	assert_true(slice_is(user.text[DOVETAP_FIELD_MECH], "LOGIN"));
	join_free(&join);
}

static void strangers_do_not_join(void **state)
{
	struct login auth = auth_record("s1", 100), failed = auth_record("s2", 100);
	struct login other = mail_user_record("s3", 200), refused = mail_user_record("s2", 200);
	struct login late = mail_user_record("s1", 101 + JOIN_KEEP_NS);
	struct login nameless = mail_user_record("", 200);
	struct join *join = new_join();

	(void)state;
	failed.flags = 0;
	join_auth(join, &auth);
	join_auth(join, &failed);
	assert_false(join_mail_user(join, &other));
	assert_false(join_mail_user(join, &refused));
	assert_false(join_mail_user(join, &late));
	assert_false(join_mail_user(join, &nameless));
	join_free(&join);
}

static void the_oldest_session_makes_room(void **state)
{
	struct join *join = new_join();
	struct login first = mail_user_record("session-0", 1), last;
	char session[32];

	(void)state;
	for (unsigned int i = 0; i <= JOIN_SESSIONS; i++) {
		struct login auth;

		snprintf(session, sizeof(session), "session-%u", i);
		auth = auth_record(session, 1);
		join_auth(join, &auth);
	}
	last = mail_user_record(session, 1);
	assert_false(join_mail_user(join, &first));
	assert_true(join_mail_user(join, &last));
	join_free(&join);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(auth_fills_what_mail_user_lacks),
		cmocka_unit_test(what_mail_user_knows_stays),
		cmocka_unit_test(strangers_do_not_join),
		cmocka_unit_test(the_oldest_session_makes_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
