/* SPDX-License-Identifier: MIT */
/* Keys of somebody who does not exist. */
#include "plan_case.h"

#define KEY(key) "plugin {\n last_login_dict = memory:\n last_login_key = " key "\n}\n"

/* --- samples ------------------------------------------------------------------------------- */

static bool has_key(const struct plan_keys *keys, const char *text)
{
	for (size_t i = 0; i < keys->count; i++) {
		if (slice_is(keys->keys[i], text))
			return true;
	}
	return false;
}

static void samples_are_keys_of_nobody(void **state)
{
	struct plan *plan = plan_of("last_auth_key = a/%{user}/%{session}\n"
				    "last_failure_key = f/%{user}\n" KEY("l/%s/%u/%r/%h"));
	struct plan_keys keys;
	struct error error;

	(void)state;
	assert_int_equal(plan_keys_sample(plan, 0, ~0U, &keys, &error), 0);
	assert_true(has_key(&keys, "shared/l/imap/user@example.com/192.0.2.1/x"));
	assert_true(has_key(&keys, "shared/l/pop3/user@example.com/192.0.2.1/x"));
	assert_true(has_key(&keys, "shared/a/user@example.com/x"));
	assert_true(has_key(&keys, "shared/f/user@example.com"));
	plan_keys_release(&keys);
	assert_int_equal(plan_keys_sample(plan, 0, 1U << DELIVER_AUTH, &keys, &error), 0);
	assert_true(has_key(&keys, "shared/a/user@example.com/x"));
	assert_false(has_key(&keys, "shared/f/user@example.com"));
	assert_false(has_key(&keys, "shared/l/imap/user@example.com/192.0.2.1/x"));
	plan_keys_release(&keys);
	plan_free(&plan);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(samples_are_keys_of_nobody),
	};

	return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
