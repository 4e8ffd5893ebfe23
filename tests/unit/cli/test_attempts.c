/* SPDX-License-Identifier: MIT */
#include "../cmocka_all.h"
#include "cli/attempts.h"

struct given {
	const char *user, *address;
	int64_t time_ns;
	bool login;
	const char *outcome; /* of a failure; NULL: password_mismatch */
};

static struct attempts make(const struct given *given, size_t count, enum attempts_by by,
			    int64_t since_ns, struct history_item *items)
{
	struct history_item *pointers[32];
	struct history_list list = {.items = pointers, .count = count};
	struct attempts attempts = {.count = 0};

	for (size_t i = 0; i < count; i++) {
		const char *outcome = given[i].outcome ? given[i].outcome : "password_mismatch";

		pointers[i] = &items[i];
		items[i] = (struct history_item){
			.row = {.user = slice_str(given[i].user), .time_ns = given[i].time_ns},
			.purpose = given[i].login ? DELIVER_HISTORY : DELIVER_FAILURE_HISTORY};
		items[i].row.field[HISTORY_REMOTE_IP] = slice_str(given[i].address);
		if (!given[i].login)
			items[i].row.field[HISTORY_OUTCOME] = slice_str(outcome);
	}
	assert_int_equal(attempts_make(&list, by, since_ns, &attempts, NULL), 0);
	return attempts;
}

struct want {
	const char *name;
	uint64_t failures, users, addresses, successes;
	int64_t first_ns, last_ns;
};

static void expect(const struct given *given, size_t count, enum attempts_by by, int64_t since_ns,
		   const struct want *want, size_t groups)
{
	struct history_item items[32];
	struct attempts attempts = make(given, count, by, since_ns, items);

	assert_int_equal(attempts.count, groups);
	for (size_t i = 0; i < groups; i++) {
		const struct attempts_group *got = &attempts.groups[i];

		assert_true(slice_is(got->name, want[i].name));
		assert_int_equal(got->failures, want[i].failures);
		assert_int_equal(got->users, want[i].users);
		assert_int_equal(got->addresses, want[i].addresses);
		assert_int_equal(got->successes, want[i].successes);
		assert_int_equal(got->first_ns, want[i].first_ns);
		assert_int_equal(got->last_ns, want[i].last_ns);
	}
	attempts_release(&attempts);
}

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define EXPECT(by, since, ...)                                                                     \
	do {                                                                                       \
		static const struct want want[] = {__VA_ARGS__};                                   \
		expect(story, COUNT(story), (by), (since), want, COUNT(want));                     \
	} while (0)

/* A guesser in 192.0.2 who finds b's password, one in 2001:db8, and c who mistypes at home. */
static const struct given story[] = {
	{"c", "198.51.100.9", 95, true, NULL},
	{"b", "192.0.2.200", 90, true, NULL},
	{"c", "198.51.100.9", 80, false, NULL},
	{"v", "2001:db8:1:2::3", 70, false, NULL},
	{"a", "192.0.2.7", 60, false, "user_unknown"},
	{"b", "192.0.2.7", 50, false, NULL},
	{"b", "192.0.2.200", 40, false, NULL},
	{"v", "2001:db8:1:ffff::1", 30, false, NULL},
	{"a", "192.0.2.7", 20, false, NULL},
	{"a", "192.0.2.7", 15, false, "internal_failure"},
	{"a", "192.0.2.7", 10, true, NULL},
	{"n", "", 5, false, NULL},
};

static void networks_have_their_users(void **state)
{
	(void)state;
	EXPECT(ATTEMPTS_BY_NETWORK, 0, {"192.0.2.0/24", 4, 2, 2, 1, 20, 60},
	       {"2001:db8:1::/48", 2, 1, 2, 0, 30, 70}, {"", 1, 1, 0, 0, 5, 5},
	       {"198.51.100.0/24", 1, 1, 1, 1, 80, 80});
}

static void addresses_are_exact(void **state)
{
	(void)state;
	EXPECT(ATTEMPTS_BY_ADDRESS, 0, {"192.0.2.7", 3, 2, 1, 0, 20, 60}, {"", 1, 1, 0, 0, 5, 5},
	       {"192.0.2.200", 1, 1, 1, 1, 40, 40}, {"198.51.100.9", 1, 1, 1, 1, 80, 80},
	       {"2001:db8:1:2::3", 1, 1, 1, 0, 70, 70}, {"2001:db8:1:ffff::1", 1, 1, 1, 0, 30, 30});
}

static void a_user_may_succeed_from_anywhere(void **state)
{
	(void)state;
	EXPECT(ATTEMPTS_BY_USER, 0, {"a", 2, 1, 1, 0, 20, 60}, {"b", 2, 1, 2, 1, 40, 50},
	       {"v", 2, 1, 2, 0, 30, 70}, {"c", 1, 1, 1, 1, 80, 80}, {"n", 1, 1, 0, 0, 5, 5});
}

static void what_is_older_does_not_count(void **state)
{
	(void)state;
	EXPECT(ATTEMPTS_BY_USER, 60, {"a", 1, 1, 1, 0, 60, 60}, {"c", 1, 1, 1, 1, 80, 80},
	       {"v", 1, 1, 1, 0, 70, 70});
	expect(story, COUNT(story), ATTEMPTS_BY_NETWORK, 96, NULL, 0);
	expect(NULL, 0, ATTEMPTS_BY_NETWORK, 0, NULL, 0);
}

/* mask_ip has made a network of it. */
static void what_is_no_address_stays_as_it_is(void **state)
{
	static const struct given masked[] = {{"a", "192.0.2.0/16", 1, false, NULL},
					      {"a",
					       "no address, but as long as none can ever be, so "
					       "that it is cut nowhere",
					       2, false, NULL}};
	struct history_item items[2];
	struct attempts attempts = make(masked, 2, ATTEMPTS_BY_NETWORK, 0, items);

	(void)state;
	assert_int_equal(attempts.count, 2);
	assert_true(slice_is(attempts.groups[0].name, masked[0].address));
	assert_true(slice_is(attempts.groups[1].name, masked[1].address));
	attempts_release(&attempts);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(networks_have_their_users),
		cmocka_unit_test(addresses_are_exact),
		cmocka_unit_test(a_user_may_succeed_from_anywhere),
		cmocka_unit_test(what_is_older_does_not_count),
		cmocka_unit_test(what_is_no_address_stays_as_it_is),
	};

	return cmocka_run_group_tests_name("attempts", tests, NULL, NULL);
}
