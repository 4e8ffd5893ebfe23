/* SPDX-License-Identifier: MIT */
#include "proof/member.h"
#include "proof_case.h"

static void members_have_dovecots_names(void **state)
{
	(void)state;
	assert_string_equal(proof_member_name(PROOF_USERNAME, DOVETAP_EVENT_MAIL_USER), "username");
	assert_string_equal(proof_member_name(PROOF_USERNAME, DOVETAP_EVENT_AUTH), "user");
	for (unsigned int i = 0; i < PROOF_MEMBERS; i++) {
		assert_non_null(proof_member_name(i, DOVETAP_EVENT_MAIL_USER));
		assert_non_null(proof_member_name(i, DOVETAP_EVENT_AUTH));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(members_have_dovecots_names)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
