/* SPDX-License-Identifier: MIT */
#include "proof/judge.h"
#include "proof_case.h"

static struct judge *judge;
static struct proof_file decided[8];
static size_t decided_count;
static struct error error;
static unsigned int sessions;

static void on_decided(const struct proof_file *file, void *context)
{
	assert_ptr_equal(context, decided);
	assert_true(decided_count < 8);
	decided[decided_count++] = *file;
}

static int setup(void **state)
{
	(void)state;
	decided_count = sessions = 0;
	return judge_new(on_decided, decided, &judge, &error);
}

static int teardown(void **state)
{
	(void)state;
	judge_free(&judge);
	judge_free(&judge);
	return 0;
}

static const char *new_session(void)
{
	static char session[32];

	(void)snprintf(session, sizeof(session), "9fKq3aQpS2cX%04u", sessions++);
	return session;
}

static void log_in(const char *user)
{
	const char *session = new_session();
	struct login u = user_record(user, session), a = auth_record(user, session);

	judge_auth(judge, &a, SECOND);
	judge_login(judge, &u, &a, SECOND);
}

static enum proof_state user_state(void)
{
	return judge_state(judge, USER_FILE);
}

static enum proof_state auth_state(void)
{
	return judge_state(judge, AUTH_FILE);
}

static void one_login_proves_both(void **state)
{
	struct login auth = auth_record("u", new_session());

	(void)state;
	judge_auth(judge, &auth, SECOND);
	assert_int_equal(auth_state(), PROOF_OPEN);
	log_in("u");
	assert_int_equal(user_state(), PROOF_BY_LOGIN);
	assert_int_equal(auth_state(), PROOF_BY_LOGIN);
	log_in("v");
	assert_int_equal(decided_count, 2); /* once each */
}

/* member of the user's record, or of the other, is wrong in each login. */
static void lie(bool in_user, const char *user)
{
	const char *session = new_session();
	struct login u = user_record(user, session), a = auth_record(user, session);

	if (in_user)
		u.remote_ip = u.local_ip;
	else
		a.remote_ip = a.local_ip;
	judge_auth(judge, &a, SECOND);
	judge_login(judge, &u, &a, SECOND);
}

static void three_wrong_ones_refuse_the_one_that_lies(void **state)
{
	char reason[PROOF_REASON_MAX];

	(void)state;
	judge_describe(judge, USER_FILE, DOVETAP_EVENT_MAIL_USER, "/lib/storage", "2.4.ABIv5");
	for (int i = 0; i < JUDGE_WRONG_MIN; i++) {
		assert_int_equal(user_state(), PROOF_OPEN);
		lie(true, "u");
	}
	assert_int_equal(user_state(), PROOF_REFUSED);
	assert_int_equal(auth_state(), PROOF_OPEN);
	assert_int_equal(decided_count, 1);
	assert_string_equal(decided[0].path, "/lib/storage");
	judge_reason(&decided[0], reason);
	assert_non_null(strstr(reason, "conn.remote_ip"));
	assert_non_null(strstr(reason, "2.4.ABIv5"));
	assert_non_null(strstr(reason, "dovetap layout make"));
}

static void the_auth_program_may_be_the_one_that_lies(void **state)
{
	(void)state;
	for (int i = 0; i < JUDGE_WRONG_MIN; i++)
		lie(false, "u");
	assert_int_equal(auth_state(), PROOF_REFUSED);
	assert_int_equal(user_state(), PROOF_OPEN);
	log_in("u"); /* has no proof in it: the other one is refused */
	assert_int_equal(auth_state(), PROOF_REFUSED);
}

/* The first one can agree by chance: from the server's own address. */
static void a_proof_is_taken_back(void **state)
{
	(void)state;
	log_in("u");
	for (int i = 0; i < 3; i++)
		lie(true, "u");
	assert_int_equal(user_state(), PROOF_REFUSED);
	assert_int_equal(decided_count, 3);
	assert_int_equal(judge_worst(&decided[2]), PROOF_REMOTE_IP);
}

static void a_few_of_many_do_not_refuse(void **state)
{
	(void)state;
	for (int i = 0; i < 1000; i++) {
		log_in("u");
		if (i % 10 == 9)
			lie(true, "u");
	}
	assert_int_equal(user_state(), PROOF_BY_LOGIN);
}

static void a_doubtful_file_needs_more_than_one_login(void **state)
{
	(void)state;
	lie(true, "u");
	log_in("u");
	assert_int_equal(user_state(), PROOF_OPEN);
	for (int i = 0; i < 4; i++)
		log_in("u");
	assert_int_equal(user_state(), PROOF_BY_LOGIN);
}

static void deliveries_are_judged_by_form_after_a_while(void **state)
{
	struct login login = delivery_record("u");

	(void)state;
	judge_user(judge, &login, SECOND);
	judge_decide(judge, SECOND + JUDGE_FORM_NS - 1, false);
	assert_int_equal(user_state(), PROOF_OPEN);
	judge_decide(judge, SECOND + JUDGE_FORM_NS, false);
	assert_int_equal(user_state(), PROOF_BY_FORM);
	log_in("u"); /* and by more than that once it is there */
	assert_int_equal(user_state(), PROOF_BY_LOGIN);
}

static void a_bad_form_refuses(void **state)
{
	struct login login = delivery_record("u");

	(void)state;
	set(&login, DOVETAP_FIELD_SERVICE, "9fKq3aQpS2cX");
	for (int i = 0; i < 3; i++)
		judge_user(judge, &login, SECOND);
	assert_int_equal(user_state(), PROOF_REFUSED);
}

/* One login a day is not enough for a decision: the limit decides, or who has no room. */
static void nothing_waits_for_ever(void **state)
{
	struct login bad = delivery_record("u"), odd = delivery_record("/");

	(void)state;
	set(&bad, DOVETAP_FIELD_SERVICE, "9fKq3aQpS2cX");
	odd.file = 0x33;
	judge_user(judge, &bad, SECOND);
	judge_user(judge, &odd, SECOND);
	judge_decide(judge, JUDGE_LIMIT_NS, false);
	assert_int_equal(user_state(), PROOF_OPEN);
	judge_decide(judge, SECOND + JUDGE_LIMIT_NS, false);
	assert_int_equal(user_state(), PROOF_REFUSED);
	assert_int_equal(judge_state(judge, 0x33), PROOF_BY_FORM);
	odd.file = 0x44;
	judge_user(judge, &odd, SECOND);
	judge_decide(judge, SECOND, true);
	assert_int_equal(judge_state(judge, 0x44), PROOF_BY_FORM);
}

/* Its session id is somebody else's text: name and connection are those of an authentication. */
static void a_wrong_session_id_has_a_partner_all_the_same(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++) {
		struct login a = auth_record("U", new_session()), u = user_record("u", "PLAIN");

		u.boot_ns = a.boot_ns + 1;
		judge_auth(judge, &a, SECOND);
		judge_user(judge, &u, SECOND);
	}
	assert_int_equal(user_state(), PROOF_REFUSED);
	assert_int_equal(auth_state(), PROOF_OPEN);
	assert_int_equal(judge_worst(&decided[0]), PROOF_SESSION_ID);
}

static void a_success_that_is_told_as_a_failure_is_noticed(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++) {
		const char *session = new_session();
		struct login a = failure_record("u", session), u = user_record("u", session);

		u.boot_ns = a.boot_ns + 1;
		judge_auth(judge, &a, SECOND);
		judge_user(judge, &u, SECOND);
	}
	assert_int_equal(auth_state(), PROOF_REFUSED);
	assert_int_equal(user_state(), PROOF_OPEN);
}

static void a_login_that_is_marked_as_none_is_noticed(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++) {
		const char *session = new_session();
		struct login a = auth_record("u", session), u = user_record("u", session);

		u.flags = DOVETAP_FLAG_SESSION_RESTORED;
		u.boot_ns = a.boot_ns + 10 * SECOND / 1000;
		judge_auth(judge, &a, SECOND);
		judge_no_login(judge, &u, SECOND);
	}
	assert_int_equal(user_state(), PROOF_REFUSED);
	assert_int_equal(judge_worst(&decided[0]), PROOF_KIND);
}

static void one_that_is_woken_up_is_none(void **state)
{
	const char *session = new_session();
	struct login a = auth_record("u", session), u = user_record("u", session);

	(void)state;
	u.flags = DOVETAP_FLAG_SESSION_RESTORED;
	u.boot_ns = a.boot_ns + SECOND;
	judge_auth(judge, &a, SECOND);
	for (int i = 0; i < 100; i++)
		judge_no_login(judge, &u, SECOND);
	assert_int_equal(user_state(), PROOF_OPEN);
}

static void users_without_a_name_refuse(void **state)
{
	struct login user = user_record(NULL, new_session());

	(void)state;
	for (int i = 0; i < 3; i++)
		judge_no_login(judge, &user, SECOND);
	assert_int_equal(user_state(), PROOF_REFUSED);
}

static void authentications_without_a_name_refuse(void **state)
{
	struct login auth = auth_record(NULL, new_session());

	(void)state;
	for (int i = 0; i < 3; i++)
		judge_no_login(judge, &auth, SECOND);
	assert_int_equal(auth_state(), PROOF_REFUSED);
}

static void rename_user(const char *login_name, const char *user)
{
	const char *session = new_session();
	struct login a = auth_record(login_name, session), u = user_record(user, session);

	set(&u, DOVETAP_FIELD_AUTH_USER, login_name);
	judge_auth(judge, &a, SECOND);
	judge_login(judge, &u, &a, SECOND);
}

static void two_renamed_users_prove(void **state)
{
	(void)state;
	rename_user("ann", "mailbox1");
	rename_user("ann", "mailbox1");
	assert_int_equal(user_state(), PROOF_OPEN);
	rename_user("bob", "mailbox2");
	assert_int_equal(user_state(), PROOF_BY_LOGIN);
	assert_int_equal(auth_state(), PROOF_BY_LOGIN);
}

/* A wrong place has one text for all. */
static void one_name_for_all_does_not(void **state)
{
	(void)state;
	rename_user("ann", "example.com");
	rename_user("bob", "example.com");
	assert_int_equal(user_state(), PROOF_OPEN);
}

static void a_proxied_login_proves_its_session(void **state)
{
	struct login proxy = {.type = DOVETAP_EVENT_PROXY, .file = 0x33};
	struct login auth = auth_record("u", new_session());

	(void)state;
	judge_auth(judge, &auth, SECOND);
	judge_proxied(judge, &proxy, NULL, SECOND);
	assert_int_equal(judge_state(judge, 0x33), PROOF_OPEN);
	judge_proxied(judge, &proxy, &auth, SECOND);
	assert_int_equal(judge_state(judge, 0x33), PROOF_BY_LOGIN);
	assert_int_equal(auth_state(), PROOF_BY_FORM);
}

static void what_was_decided_before_holds(void **state)
{
	(void)state;
	judge_remember(judge, USER_FILE, PROOF_BY_FORM, "/lib/storage");
	judge_remember(judge, USER_FILE, PROOF_REFUSED, "/lib/other"); /* not over a decision */
	assert_int_equal(user_state(), PROOF_BY_FORM);
	assert_string_equal(judge_next(judge, NULL)->path, "/lib/storage");
	assert_null(judge_next(judge, judge_next(judge, NULL)));
	assert_int_equal(decided_count, 0);
	for (int i = 0; i < 3; i++)
		lie(true, "u");
	assert_int_equal(user_state(), PROOF_REFUSED);
}

static void records_of_before_are_believed(void **state)
{
	(void)state;
	assert_int_equal(judge_state(judge, 0), PROOF_BY_FORM);
}

static void states_have_names(void **state)
{
	(void)state;
	assert_string_equal(proof_state_name(PROOF_OPEN), "open");
	assert_string_equal(proof_state_name(PROOF_REFUSED), "refused");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(one_login_proves_both),
		CASE(three_wrong_ones_refuse_the_one_that_lies),
		CASE(the_auth_program_may_be_the_one_that_lies),
		CASE(a_proof_is_taken_back),
		CASE(a_few_of_many_do_not_refuse),
		CASE(a_doubtful_file_needs_more_than_one_login),
		CASE(deliveries_are_judged_by_form_after_a_while),
		CASE(a_bad_form_refuses),
		CASE(nothing_waits_for_ever),
		CASE(a_wrong_session_id_has_a_partner_all_the_same),
		CASE(a_success_that_is_told_as_a_failure_is_noticed),
		CASE(a_login_that_is_marked_as_none_is_noticed),
		CASE(one_that_is_woken_up_is_none),
		CASE(users_without_a_name_refuse),
		CASE(authentications_without_a_name_refuse),
		CASE(two_renamed_users_prove),
		CASE(one_name_for_all_does_not),
		CASE(a_proxied_login_proves_its_session),
		CASE(what_was_decided_before_holds),
		CASE(records_of_before_are_believed),
		CASE(states_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
