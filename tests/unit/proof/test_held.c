/* SPDX-License-Identifier: MIT */
#include "proof/held.h"
#include "proof_case.h"

static void events_are_copied_in_order(void **state)
{
	char name[] = "user", session[] = "session-1";
	struct login auth = auth_record(name, session), user = user_record(name, session);
	struct login_event first = login_event_of(&auth, NULL);
	struct login_event second = login_event_of(&user, &auth);
	struct held held = {0};

	(void)state;
	assert_true(held_add(&held, &first, 1));
	assert_true(held_add(&held, &second, 2));
	memset(name, 'x', 4);
	memset(session, 'x', 9);
	assert_int_equal(held.count, 2);
	assert_int_equal(held.first->position, 1);
	first = held_event(held.first);
	assert_int_equal(first.kind, LOGIN_EVENT_AUTH);
	second = held_event(held.first->next);
	assert_true(slice_is(second.login.text[DOVETAP_FIELD_USERNAME], "user"));
	assert_true(second.joined);
	held_drop(&held, held.first);
	assert_int_equal(held.count, 1);
	held_release(&held);
	assert_null(held.first);
}

static void there_is_a_limit(void **state)
{
	struct login user = user_record("u", "session-1");
	struct login_event event = login_event_of(&user, NULL);
	struct held held = {0};

	(void)state;
	for (int i = 0; i < HELD_MAX; i++)
		assert_true(held_add(&held, &event, 1));
	assert_false(held_add(&held, &event, 1));
	held_release(&held);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(events_are_copied_in_order),
		cmocka_unit_test(there_is_a_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
