/* SPDX-License-Identifier: MIT */
#include "../cmocka_all.h"
#include "login/outcome.h"

static struct login auth(int32_t passdb_result, uint32_t flags)
{
	struct login login = {.type = DOVETAP_EVENT_AUTH, .flags = flags};

	login.passdb_result = passdb_result;
	login.text[DOVETAP_FIELD_USERNAME] = slice_str("u");
	return login;
}

static void expect(const struct login *login, const char *name)
{
	assert_string_equal(login_outcome_name(login_outcome_of(login)), name);
}

static void every_passdb_result_has_its_name(void **state)
{
	static const struct {
		int32_t result;
		const char *name;
	} cases[] = {
		{0, "password_mismatch"},  {-1, "internal_failure"}, {-2, "scheme_not_available"},
		{-3, "user_unknown"},	   {-4, "user_disabled"},    {-5, "pass_expired"},
		{-6, "password_mismatch"}, {1, "refused"},	     {17, "refused"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct login login = auth(cases[i].result, 0);

		expect(&login, cases[i].name);
	}
}

static void a_success_is_one_whatever_else(void **state)
{
	struct login login = auth(1, DOVETAP_FLAG_SUCCESSFUL);

	(void)state;
	expect(&login, "ok");
}

static void policy_comes_before_the_password(void **state)
{
	struct login before = auth(0, DOVETAP_FLAG_POLICY_REFUSAL);
	struct login after = auth(1, DOVETAP_FLAG_POLICY_REFUSAL);

	(void)state;
	expect(&before, "policy_refusal");
	expect(&after, "policy_refusal");
}

static void a_refused_master_is_distinguished_from_a_wrong_password(void **state)
{
	struct login login = auth(-3, 0);

	(void)state;
	login.text[DOVETAP_FIELD_MASTER_USER] = slice_str("admin");
	expect(&login, "authz_failed");
	login.flags = DOVETAP_FLAG_INTERNAL_FAILURE;
	expect(&login, "internal_failure");
}

static void without_a_name_it_is_malformed(void **state)
{
	struct login login = auth(0, 0);

	(void)state;
	login.text[DOVETAP_FIELD_USERNAME].len = 0;
	expect(&login, "malformed");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_passdb_result_has_its_name),
		cmocka_unit_test(a_success_is_one_whatever_else),
		cmocka_unit_test(policy_comes_before_the_password),
		cmocka_unit_test(a_refused_master_is_distinguished_from_a_wrong_password),
		cmocka_unit_test(without_a_name_it_is_malformed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
