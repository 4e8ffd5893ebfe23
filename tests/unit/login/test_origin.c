/* SPDX-License-Identifier: MIT */
/* Which records are believed, by the process that made each. */
#include <stdlib.h>

#include "../cmocka_all.h"
#include "login/origin.h"

#define PID_NS 1
#define ALICE  1000
#define VMAIL  5000

static struct origins *origins;

static bool is_account(uint32_t uid, struct slice name)
{
	return uid == ALICE && slice_equal(name, slice_str("alice"));
}

static void begin(bool require_proof, enum origin_masters masters)
{
	const struct origin_policy policy = {
		.require_proof = require_proof,
		.masters = masters,
		.pid_ns = PID_NS,
		.is_account = is_account,
	};

	origins_free(&origins);
	assert_int_equal(origins_new(&policy, &origins, NULL), 0);
}

static int set_up(void **state)
{
	(void)state;
	begin(false, ORIGIN_MASTERS_ROOTLESS);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	origins_free(&origins);
	origins_free(&origins);
	return 0;
}

static struct login made_by(enum dovetap_origin origin, uint32_t uid, const char *user)
{
	struct login login = {.type = DOVETAP_EVENT_MAIL_USER, .uid = uid};

	login.text[DOVETAP_FIELD_USERNAME] = slice_str(user);
	login.process = (struct login_process){
		.origin = origin, .parent_uid = uid, .pid_ns = PID_NS, .exe = "imap"};
	return login;
}

static enum origin_verdict verdict_of(enum dovetap_origin origin, uint32_t uid, const char *user)
{
	struct login login = made_by(origin, uid, user);

	return origins_judge(origins, &login);
}

static enum origin_verdict delivery_by(uint32_t parent, uint32_t uid, const char *user)
{
	struct login login = made_by(DOVETAP_ORIGIN_ALONE, uid, user);

	login.process.parent_uid = parent;
	(void)snprintf(login.process.exe, sizeof(login.process.exe), "dovecot-lda");
	return origins_judge(origins, &login);
}

static void test_masters(void **state)
{
	static const struct {
		enum origin_masters policy;
		enum origin_verdict root, rootless, users;
	} cases[] = {
		{ORIGIN_MASTERS_ROOT, ORIGIN_PROVED, ORIGIN_USER_MASTER, ORIGIN_USER_MASTER},
		{ORIGIN_MASTERS_ROOTLESS, ORIGIN_PROVED, ORIGIN_PROVED, ORIGIN_USER_MASTER},
		{ORIGIN_MASTERS_ANY, ORIGIN_PROVED, ORIGIN_PROVED, ORIGIN_PROVED},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		begin(false, cases[i].policy);
		assert_int_equal(verdict_of(DOVETAP_ORIGIN_MASTER, VMAIL, "u"), cases[i].root);
		assert_int_equal(verdict_of(DOVETAP_ORIGIN_ROOTLESS, VMAIL, "u"),
				 cases[i].rootless);
		assert_int_equal(verdict_of(DOVETAP_ORIGIN_USER_MASTER, VMAIL, "u"),
				 cases[i].users);
	}
}

static void test_root_is_believed_and_unrelated_programs_are_not(void **state)
{
	(void)state;
	assert_int_equal(verdict_of(DOVETAP_ORIGIN_ROOT, 0, "u"), ORIGIN_PROVED);
	assert_int_equal(verdict_of(DOVETAP_ORIGIN_UNRELATED, ALICE, "alice"), ORIGIN_UNRELATED);
}

static void test_what_is_not_known_is_kept_unless_proof_is_required(void **state)
{
	(void)state;
	assert_int_equal(verdict_of(DOVETAP_ORIGIN_UNKNOWN, ALICE, "u"), ORIGIN_UNVERIFIED);
	begin(true, ORIGIN_MASTERS_ROOTLESS);
	assert_int_equal(verdict_of(DOVETAP_ORIGIN_UNKNOWN, ALICE, "u"), ORIGIN_UNPROVED);
}

static void test_alone_a_user_speaks_for_himself(void **state)
{
	(void)state;
	assert_int_equal(verdict_of(DOVETAP_ORIGIN_ALONE, ALICE, "alice"), ORIGIN_PROVED);
	assert_int_equal(verdict_of(DOVETAP_ORIGIN_ALONE, ALICE, "ceo"), ORIGIN_OTHER_USER);
}

static void test_accounts_of_the_machine_mean_nothing_in_a_container(void **state)
{
	struct login login = made_by(DOVETAP_ORIGIN_ALONE, ALICE, "alice");

	(void)state;
	login.process.pid_ns = PID_NS + 1;
	assert_int_equal(origins_judge(origins, &login), ORIGIN_OTHER_USER);
}

static void test_alone_a_uid_speaks_for_whom_its_masters_processes_serve(void **state)
{
	(void)state;
	assert_int_equal(verdict_of(DOVETAP_ORIGIN_MASTER, ALICE, "a.smith"), ORIGIN_PROVED);
	assert_int_equal(verdict_of(DOVETAP_ORIGIN_ALONE, ALICE, "a.smith"), ORIGIN_PROVED);
	assert_int_equal(verdict_of(DOVETAP_ORIGIN_ALONE, ALICE, "ceo"), ORIGIN_OTHER_USER);
}

static void test_a_mail_systems_uid_speaks_for_all(void **state)
{
	static const char *const users[] = {"a", "b", "c", "d"};

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(verdict_of(DOVETAP_ORIGIN_ALONE, VMAIL, "new"), ORIGIN_OTHER_USER);
		assert_int_equal(verdict_of(DOVETAP_ORIGIN_MASTER, VMAIL, users[i]), ORIGIN_PROVED);
		assert_int_equal(verdict_of(DOVETAP_ORIGIN_MASTER, VMAIL, users[i]), ORIGIN_PROVED);
	}
	assert_int_equal(verdict_of(DOVETAP_ORIGIN_ALONE, VMAIL, "new"), ORIGIN_PROVED);
	assert_int_equal(verdict_of(DOVETAP_ORIGIN_ALONE, VMAIL + 1, "new"), ORIGIN_OTHER_USER);
}

static void test_what_is_refused_makes_no_mail_system(void **state)
{
	static const char *const users[] = {"a", "b", "c", "d"};

	(void)state;
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(verdict_of(DOVETAP_ORIGIN_USER_MASTER, ALICE, users[i]),
				 ORIGIN_USER_MASTER);
	assert_int_equal(verdict_of(DOVETAP_ORIGIN_ALONE, ALICE, "ceo"), ORIGIN_OTHER_USER);
}

static void test_a_delivery_by_an_mta_is_kept(void **state)
{
	(void)state;
	assert_int_equal(delivery_by(101, VMAIL, "u"), ORIGIN_UNVERIFIED);
	assert_int_equal(delivery_by(VMAIL, VMAIL, "u"), ORIGIN_OTHER_USER);
	begin(true, ORIGIN_MASTERS_ROOTLESS);
	assert_int_equal(delivery_by(101, VMAIL, "u"), ORIGIN_UNPROVED);
}

static void test_what_root_starts_as_another_user_is_kept(void **state)
{
	struct login login = made_by(DOVETAP_ORIGIN_ALONE, VMAIL, "u");

	(void)state;
	login.process.parent_uid = 0;
	assert_int_equal(origins_judge(origins, &login), ORIGIN_UNVERIFIED);
	login.process.parent_uid = 101; /* no delivery agent */
	assert_int_equal(origins_judge(origins, &login), ORIGIN_OTHER_USER);
}

static void test_what_was_left_to_init_is_nobodys(void **state)
{
	struct login login = made_by(DOVETAP_ORIGIN_LEFT, ALICE, "ceo");

	(void)state;
	login.process.parent_uid = 0;
	assert_int_equal(origins_judge(origins, &login), ORIGIN_OTHER_USER);
	(void)snprintf(login.process.exe, sizeof(login.process.exe), "dovecot-lda");
	assert_int_equal(origins_judge(origins, &login), ORIGIN_OTHER_USER);
	assert_int_equal(verdict_of(DOVETAP_ORIGIN_LEFT, ALICE, "alice"), ORIGIN_PROVED);
}

static void test_an_authentication_has_a_master(void **state)
{
	struct login login = made_by(DOVETAP_ORIGIN_ALONE, ALICE, "alice");

	(void)state;
	login.type = DOVETAP_EVENT_AUTH;
	assert_int_equal(origins_judge(origins, &login), ORIGIN_UNRELATED);
	login.process.origin = DOVETAP_ORIGIN_MASTER;
	assert_int_equal(origins_judge(origins, &login), ORIGIN_PROVED);
}

static void test_the_oldest_uid_makes_room(void **state)
{
	(void)state;
	for (uint32_t uid = 1; uid <= 5000; uid++)
		assert_int_equal(verdict_of(DOVETAP_ORIGIN_MASTER, uid, "u"), ORIGIN_PROVED);
	assert_int_equal(verdict_of(DOVETAP_ORIGIN_ALONE, 1, "u"), ORIGIN_OTHER_USER);
	assert_int_equal(verdict_of(DOVETAP_ORIGIN_ALONE, 5000, "u"), ORIGIN_PROVED);
}

static void test_description(void **state)
{
	struct login login = made_by(DOVETAP_ORIGIN_UNRELATED, ALICE, "u");
	struct buf out;

	(void)state;
	login.pid = 77;
	(void)snprintf(login.process.exe, sizeof(login.process.exe), "a\nb");
	(void)snprintf(login.process.parent_exe, sizeof(login.process.parent_exe), "bash");
	buf_init(&out, 256);
	origin_describe(&login, &out);
	assert_string_equal(buf_str(&out), "process 77, a\\x0ab (uid 1000), of bash (uid 1000)");
	buf_release(&out);
}

static void test_names(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < ORIGIN_VERDICT_COUNT; i++)
		assert_non_null(origin_verdict_name(i));
	assert_false(origin_is_refused(ORIGIN_PROVED));
	assert_false(origin_is_refused(ORIGIN_UNVERIFIED));
	assert_true(origin_is_refused(ORIGIN_UNRELATED));
	assert_true(origin_is_refused(ORIGIN_UNPROVED));
}

#define scenario(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		scenario(test_masters),
		scenario(test_root_is_believed_and_unrelated_programs_are_not),
		scenario(test_what_is_not_known_is_kept_unless_proof_is_required),
		scenario(test_alone_a_user_speaks_for_himself),
		scenario(test_accounts_of_the_machine_mean_nothing_in_a_container),
		scenario(test_alone_a_uid_speaks_for_whom_its_masters_processes_serve),
		scenario(test_a_mail_systems_uid_speaks_for_all),
		scenario(test_what_is_refused_makes_no_mail_system),
		scenario(test_a_delivery_by_an_mta_is_kept),
		scenario(test_what_root_starts_as_another_user_is_kept),
		scenario(test_what_was_left_to_init_is_nobodys),
		scenario(test_an_authentication_has_a_master),
		scenario(test_the_oldest_uid_makes_room),
		scenario(test_description),
		scenario(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
