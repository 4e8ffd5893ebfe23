/* SPDX-License-Identifier: MIT */
#include "proof/agreement.h"
#include "proof_case.h"

#define SESSION "9fKq3aQpS2cXAAAA"

static struct login user, auth;

static int setup(void **state)
{
	(void)state;
	user = user_record("u@example.com", SESSION);
	auth = auth_record("u@example.com", SESSION);
	return 0;
}

/* The masks of what is wrong: of the user's record, of the other. */
static void wrong(enum proof_member member, bool of_user, bool of_auth)
{
	struct agreement agreement = agreement_of(&user, &auth);

	assert_int_equal(agreement.user_wrong, of_user ? PROOF_BIT(member) : 0);
	assert_int_equal(agreement.auth_wrong, of_auth ? PROOF_BIT(member) : 0);
	assert_int_equal(agreement.agrees & PROOF_BIT(member), 0);
	assert_false(agreement_proves(&user, agreement));
}

static void the_records_of_one_login_agree(void **state)
{
	struct agreement agreement = agreement_of(&user, &auth);

	(void)state;
	assert_int_equal(agreement.user_wrong | agreement.auth_wrong, 0);
	assert_true(agreement_proves(&user, agreement));
}

static void what_dovecot_changes_is_no_difference(void **state)
{
	(void)state;
	/* auth_username_format, a master user, managesieve, a release without the mechanism */
	set(&auth, DOVETAP_FIELD_USERNAME, "u@example.com");
	set(&user, DOVETAP_FIELD_USERNAME, "U@Example.Com");
	set(&auth, DOVETAP_FIELD_AUTH_USER, "admin");
	set(&auth, DOVETAP_FIELD_MASTER_USER, "admin");
	set(&user, DOVETAP_FIELD_AUTH_USER, "admin");
	set(&user, DOVETAP_FIELD_SERVICE, "managesieve");
	set(&auth, DOVETAP_FIELD_SERVICE, "sieve");
	set(&user, DOVETAP_FIELD_MECH, NULL);
	assert_true(agreement_proves(&user, agreement_of(&user, &auth)));
}

static void a_wrong_name_is_blamed_on_the_one_that_has_it(void **state)
{
	(void)state;
	set(&user, DOVETAP_FIELD_USERNAME, "example.com");
	wrong(PROOF_USERNAME, true, false);
	setup(state);
	set(&auth, DOVETAP_FIELD_USERNAME, "example.com");
	wrong(PROOF_USERNAME, false, true);
	set(&auth, DOVETAP_FIELD_AUTH_USER, "example.com");
	wrong(PROOF_USERNAME, true, false); /* two against one */
	set(&auth, DOVETAP_FIELD_AUTH_USER, "third");
	wrong(PROOF_USERNAME, true, true);
}

static void a_wrong_address_is_blamed_on_the_one_that_has_it(void **state)
{
	(void)state;
	user.remote_ip = user.local_ip;
	wrong(PROOF_REMOTE_IP, true, false);
	user.remote_ip = (struct login_ip){0};
	wrong(PROOF_REMOTE_IP, true, false);
	setup(state);
	auth.remote_ip = auth.local_ip;
	wrong(PROOF_REMOTE_IP, false, true);
	setup(state);
	user.local_ip = user.remote_ip;
	wrong(PROOF_LOCAL_IP, true, false);
}

static void a_wrong_port_is_blamed_on_the_one_that_has_it(void **state)
{
	(void)state;
	user.remote_port = user.local_port;
	wrong(PROOF_REMOTE_PORT, true, false);
	setup(state);
	auth.local_port = 0;
	wrong(PROOF_LOCAL_PORT, false, true);
}

static void mechanism_service_and_login_name_differ(void **state)
{
	(void)state;
	set(&user, DOVETAP_FIELD_MECH, "u@example.com");
	wrong(PROOF_MECH, true, false);
	setup(state);
	set(&user, DOVETAP_FIELD_SERVICE, "9fKq3aQ");
	wrong(PROOF_SERVICE, true, false);
	setup(state);
	set(&auth, DOVETAP_FIELD_SERVICE, "@");
	wrong(PROOF_SERVICE, false, true);
	setup(state);
	set(&user, DOVETAP_FIELD_AUTH_USER, "PLAIN");
	wrong(PROOF_LOGIN_NAME, true, false);
}

/* The process' name decides. */
static void another_word_for_the_service_is_no_difference(void **state)
{
	struct agreement agreement;

	(void)state;
	set(&auth, DOVETAP_FIELD_SERVICE, "webmail");
	agreement = agreement_of(&user, &auth);
	assert_int_equal(agreement.user_wrong | agreement.auth_wrong, 0);
	user.comm = slice_str("other");
	wrong(PROOF_SERVICE, true, true);
}

static void a_userdb_may_rename_a_user(void **state)
{
	(void)state;
	set(&user, DOVETAP_FIELD_USERNAME, "mailbox17");
	assert_false(agreement_renames(agreement_of(&user, &auth)));
	set(&user, DOVETAP_FIELD_AUTH_USER, "u@example.com");
	assert_true(agreement_renames(agreement_of(&user, &auth)));
	user.remote_port = 1;
	assert_false(agreement_renames(agreement_of(&user, &auth)));
}

static void without_an_address_the_name_proves(void **state)
{
	(void)state;
	user.remote_ip = auth.remote_ip = (struct login_ip){0};
	assert_true(agreement_proves(&user, agreement_of(&user, &auth)));
}

#define CASE(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(the_records_of_one_login_agree),
		CASE(what_dovecot_changes_is_no_difference),
		CASE(a_wrong_name_is_blamed_on_the_one_that_has_it),
		CASE(a_wrong_address_is_blamed_on_the_one_that_has_it),
		CASE(a_wrong_port_is_blamed_on_the_one_that_has_it),
		CASE(mechanism_service_and_login_name_differ),
		CASE(another_word_for_the_service_is_no_difference),
		CASE(a_userdb_may_rename_a_user),
		CASE(without_an_address_the_name_proves),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
