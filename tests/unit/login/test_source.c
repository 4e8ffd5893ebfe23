/* SPDX-License-Identifier: MIT */
#include "../cmocka_all.h"
#include "login/source.h"

static bool takes(enum last_login_source source, enum login_event_kind kind, uint32_t flags)
{
	const struct login_event event = {.kind = kind, .login.flags = flags};

	return login_source_takes(source, &event);
}

static void each_source_takes_its_own_event(void **state)
{
	static const bool expected[][LOGIN_EVENT_KINDS] = {
		/* login, auth, failure, proxy */
		[LAST_LOGIN_MAIL_USER] = {true, false, false, false},
		[LAST_LOGIN_AUTH] = {false, true, false, false},
		[LAST_LOGIN_PROXY] = {false, false, false, true},
		[LAST_LOGIN_ANY] = {true, false, false, true},
	};

	(void)state;
	for (unsigned int source = 0; source <= LAST_LOGIN_ANY; source++) {
		for (unsigned int kind = 0; kind < LOGIN_EVENT_KINDS; kind++)
			assert_int_equal(takes(source, kind, 0), expected[source][kind]);
	}
}

/* No mailbox follows what Postfix asks: its authentication is the last word. */
static void any_takes_the_authentication_of_sasl_clients(void **state)
{
	(void)state;
	assert_true(takes(LAST_LOGIN_ANY, LOGIN_EVENT_AUTH, DOVETAP_FLAG_AUTH_ONLY));
	assert_false(takes(LAST_LOGIN_ANY, LOGIN_EVENT_FAILURE, DOVETAP_FLAG_AUTH_ONLY));
	assert_false(takes(LAST_LOGIN_MAIL_USER, LOGIN_EVENT_AUTH, DOVETAP_FLAG_AUTH_ONLY));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_source_takes_its_own_event),
		cmocka_unit_test(any_takes_the_authentication_of_sasl_clients),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
