/* SPDX-License-Identifier: MIT */
#include "../cmocka_all.h"
#include "base/clock.h"
#include "login/latest.h"
#include "login/rates.h"

#define START (1000 * NS_PER_SEC)

static void whole_seconds_are_counted(void **state)
{
	struct rates rates = {0};

	(void)state;
	for (int i = 0; i < 10; i++)
		rates_note(&rates, LOGIN_EVENT_LOGIN, START + i);
	/* The second that runs is not over. */
	assert_true(rates_per_second(&rates, LOGIN_EVENT_LOGIN, START + 20, 1) == 0);
	assert_true(rates_per_second(&rates, LOGIN_EVENT_LOGIN, START + NS_PER_SEC, 1) == 10);
	assert_true(rates_per_second(&rates, LOGIN_EVENT_LOGIN, START + 2 * NS_PER_SEC, 1) == 0);
	assert_true(rates_per_second(&rates, LOGIN_EVENT_LOGIN, START + 2 * NS_PER_SEC, 2) == 5);
	assert_true(rates_per_second(&rates, LOGIN_EVENT_AUTH, START + NS_PER_SEC, 1) == 0);
	assert_int_equal(rates.totals[LOGIN_EVENT_LOGIN], 10);
}

static void old_seconds_are_forgotten(void **state)
{
	struct rates rates = {0};

	(void)state;
	for (int i = 0; i < 1000; i++)
		rates_note(&rates, LOGIN_EVENT_LOGIN, START + i * NS_PER_SEC);
	assert_true(rates_per_second(&rates, LOGIN_EVENT_LOGIN, START + 1000 * NS_PER_SEC, 60) ==
		    1);
	assert_true(rates_per_second(&rates, LOGIN_EVENT_LOGIN, START + 1030 * NS_PER_SEC, 60) ==
		    0.5);
	assert_true(rates_per_second(&rates, LOGIN_EVENT_LOGIN, START + 99999 * NS_PER_SEC, 60) ==
		    0);
}

static void the_latest_come_first(void **state)
{
	static struct latest latest;
	struct login_event event = {.kind = LOGIN_EVENT_PROXY};
	char name[LATEST_TEXT_MAX + 9];

	(void)state;
	assert_null(latest_get(&latest, 0));
	for (int i = 0; i < LATEST_MAX + 3; i++) {
		event.login.time_ns = i;
		event.login.text[DOVETAP_FIELD_USERNAME] = slice_str("u");
		latest_note(&latest, &event);
	}
	assert_int_equal(latest_get(&latest, 0)->time_ns, LATEST_MAX + 2);
	assert_int_equal(latest_get(&latest, LATEST_MAX - 1)->time_ns, 3);
	assert_null(latest_get(&latest, LATEST_MAX));
	memset(name, 'n', sizeof(name));
	event.login.text[DOVETAP_FIELD_USERNAME] = (struct slice){name, sizeof(name)};
	latest_note(&latest, &event);
	assert_int_equal(latest_get(&latest, 0)->user_len, LATEST_TEXT_MAX);
	assert_int_equal(latest_get(&latest, 1)->user_len, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_seconds_are_counted),
		cmocka_unit_test(old_seconds_are_forgotten),
		cmocka_unit_test(the_latest_come_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
