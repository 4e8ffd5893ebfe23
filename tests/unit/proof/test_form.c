/* SPDX-License-Identifier: MIT */
#include "proof/form.h"
#include "proof_case.h"

#define SESSION "9fKq3aQpS2cXAAAA"

static void good_records_are_whole(void **state)
{
	const struct login records[] = {
		user_record("u@example.com", SESSION),
		auth_record("u@example.com", SESSION),
		failure_record("anything\n\xff", SESSION),
		delivery_record("u@example.com"),
	};

	(void)state;
	for (size_t i = 0; i < sizeof(records) / sizeof(records[0]); i++) {
		struct form form = form_of(&records[i]);

		assert_int_equal(form.bad, 0);
		assert_true(form_is_whole(&records[i], form));
	}
}

/* A client can call itself what it likes. */
static void no_name_is_bad(void **state)
{
	static const char *const names[] = {"\n", "/etc/passwd", "\xff\xfe", "a b"};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct login user = user_record(names[i], SESSION);
		struct login auth = auth_record(names[i], SESSION);

		assert_int_equal(form_of(&user).bad, 0);
		assert_int_equal(form_of(&auth).bad, 0);
		assert_false(form_is_whole(&user, form_of(&user)));
	}
}

static void bad(struct login login, enum proof_member member)
{
	struct form form = form_of(&login);

	assert_int_equal(form.bad, PROOF_BIT(member));
	assert_int_equal(form.good & PROOF_BIT(member), 0);
	assert_false(form_is_whole(&login, form));
}

static void what_cannot_be_is_bad(void **state)
{
	static const struct {
		bool auth;
		unsigned int field;
		const char *text;
		enum proof_member member;
	} cases[] = {
		{false, DOVETAP_FIELD_USERNAME, NULL, PROOF_USERNAME},
		{false, DOVETAP_FIELD_SESSION_ID, "imap", PROOF_SESSION_ID},
		{false, DOVETAP_FIELD_SESSION_ID, "\x10\x20\x30\x40\x50\x60\x70\x01",
		 PROOF_SESSION_ID},
		{false, DOVETAP_FIELD_SERVICE, SESSION, PROOF_SERVICE},
		{false, DOVETAP_FIELD_SERVICE, NULL, PROOF_SERVICE},
		{false, DOVETAP_FIELD_MECH, "\x7f\x01", PROOF_MECH},
		{true, DOVETAP_FIELD_SERVICE, "a b", PROOF_SERVICE},
		{true, DOVETAP_FIELD_SERVICE, NULL, PROOF_SERVICE},
		{true, DOVETAP_FIELD_MECH, NULL, PROOF_MECH},
		{true, DOVETAP_FIELD_MECH, "P", PROOF_MECH},
		{true, DOVETAP_FIELD_SESSION_ID, "x", PROOF_SESSION_ID},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct login login =
			cases[i].auth ? auth_record("u", SESSION) : user_record("u", SESSION);

		set(&login, cases[i].field, cases[i].text);
		bad(login, cases[i].member);
	}
}

/* As with "u" of struct ip_addr a few bytes further on. */
static void an_address_of_nobody_is_bad(void **state)
{
	struct login user = user_record("u", SESSION), auth = auth_record("u", SESSION);

	(void)state;
	memset(user.remote_ip.bytes, 0, sizeof(user.remote_ip.bytes));
	bad(user, PROOF_REMOTE_IP);
	memset(auth.remote_ip.bytes, 0, sizeof(auth.remote_ip.bytes));
	bad(auth, PROOF_REMOTE_IP);
}

/* As with "u" on the family of this address, or of the next. */
static void a_family_is_no_address(void **state)
{
	struct login user = user_record("u", SESSION);

	(void)state;
	memset(user.remote_ip.bytes, 0, sizeof(user.remote_ip.bytes));
	user.remote_ip.bytes[0] = (uint8_t)user.remote_ip.family;
	bad(user, PROOF_REMOTE_IP);
	user.remote_ip.bytes[3] = 1;
	assert_int_equal(form_of(&user).bad, 0);
}

/* As with "family" elsewhere. */
static void a_port_without_an_address_is_bad(void **state)
{
	struct login user = user_record("u", SESSION), auth = auth_record("u", SESSION);

	(void)state;
	user.remote_port = auth.remote_port = 12345;
	assert_int_equal(form_of(&user).bad | form_of(&auth).bad, 0);
	user.remote_ip.family = auth.remote_ip.family = 0;
	bad(user, PROOF_REMOTE_IP);
	bad(auth, PROOF_REMOTE_IP);
	user.remote_port = 0;
	assert_int_equal(form_of(&user).bad, 0);
}

static void whoever_succeeds_has_a_name(void **state)
{
	struct login auth = auth_record("u", SESSION), failure = failure_record("u", SESSION);

	(void)state;
	set(&auth, DOVETAP_FIELD_USERNAME, NULL);
	set(&failure, DOVETAP_FIELD_USERNAME, NULL);
	bad(auth, PROOF_USERNAME);
	assert_int_equal(form_of(&failure).bad, 0);
}

static void what_cannot_be_read_is_bad(void **state)
{
	struct login login = user_record("u", SESSION);

	(void)state;
	login.failed = DOVETAP_BIT(DOVETAP_FIELD_REMOTE_IP);
	bad(login, PROOF_REMOTE_IP);
	login.failed = DOVETAP_BIT(DOVETAP_FIELD_AUTH_USER);
	bad(login, PROOF_LOGIN_NAME);
}

static void a_result_has_its_reason(void **state)
{
	static const struct {
		bool successful;
		int32_t result;
		bool is_bad;
	} cases[] = {
		{true, 1, false},  {true, -1, false},	  {true, 0, true},    {true, -3, true},
		{false, 0, false}, {false, 1, false},	  {false, -6, false}, {false, 2, true},
		{true, 2, true},   {false, 123456, true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct login login = auth_record("u", SESSION);

		login.flags = cases[i].successful ? DOVETAP_FLAG_SUCCESSFUL : 0;
		login.passdb_result = cases[i].result;
		assert_int_equal(form_of(&login).bad,
				 cases[i].is_bad ? PROOF_BIT(PROOF_RESULT) : 0);
	}
}

/* "imap" runs imap; what runs in a program of another name is not good, if not bad either. */
static void the_program_confirms_the_service(void **state)
{
	static const struct {
		const char *service, *comm;
		bool good;
	} cases[] = {
		{"imap", "imap", true},
		{"lda", "dovecot-lda", true},
		{"doveadm", "doveadm-server", true},
		{"sieve", "managesieve", true},
		{"managesieve", "managesieve", true},
		{"imap", "pop3", false},
		{"imap", "wrapper", false},
		{"imap", "", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct login login = user_record("u", SESSION);

		login.comm = slice_str(cases[i].comm);
		set(&login, DOVETAP_FIELD_SERVICE, cases[i].service);
		assert_int_equal(form_of(&login).bad, 0);
		assert_int_equal(form_is_whole(&login, form_of(&login)), cases[i].good);
	}
}

static void a_mail_on_its_way_is_no_login(void **state)
{
	struct login login = delivery_record("raw mail user");

	(void)state;
	assert_int_equal(form_of(&login).bad, 0); /* somebody has that name */
	set(&login, DOVETAP_FIELD_SESSION_ID, NULL);
	bad(login, PROOF_KIND);
	set(&login, DOVETAP_FIELD_USERNAME, "raw-mail-user");
	bad(login, PROOF_KIND);
}

static void a_login_process_tells_nothing_by_itself(void **state)
{
	struct login login = {.type = DOVETAP_EVENT_PROXY};

	(void)state;
	assert_int_equal(form_of(&login).bad, 0);
	assert_int_equal(form_of(&login).good, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_records_are_whole),
		cmocka_unit_test(no_name_is_bad),
		cmocka_unit_test(what_cannot_be_is_bad),
		cmocka_unit_test(an_address_of_nobody_is_bad),
		cmocka_unit_test(a_family_is_no_address),
		cmocka_unit_test(a_port_without_an_address_is_bad),
		cmocka_unit_test(whoever_succeeds_has_a_name),
		cmocka_unit_test(what_cannot_be_read_is_bad),
		cmocka_unit_test(a_result_has_its_reason),
		cmocka_unit_test(the_program_confirms_the_service),
		cmocka_unit_test(a_mail_on_its_way_is_no_login),
		cmocka_unit_test(a_login_process_tells_nothing_by_itself),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
