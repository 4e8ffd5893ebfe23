/* SPDX-License-Identifier: MIT */
#include <arpa/inet.h>

#include "../cmocka_all.h"
#include "login/failures.h"

#define HOUR FAILURES_WINDOW_NS
#define NOON (INT64_C(1795338000) * 1000000000)

static int set_up(void **state)
{
	return failures_new((struct failures **)state, NULL);
}

static int tear_down(void **state)
{
	failures_free((struct failures **)state);
	return 0;
}

static void fail_as(struct failures *failures, const char *service, enum login_outcome outcome,
		    const char *user, const char *ip, int64_t time_ns)
{
	struct login_event event = {.kind = LOGIN_EVENT_FAILURE,
				    .outcome = outcome,
				    .login = {.time_ns = time_ns, .remote_ip.family = AF_INET}};

	event.login.text[DOVETAP_FIELD_SERVICE] = slice_str(service);
	event.login.text[DOVETAP_FIELD_USERNAME] = slice_str(user);
	assert_int_equal(inet_pton(AF_INET, ip, event.login.remote_ip.bytes), 1);
	failures_note(failures, &event);
}

static void wrong(struct failures *failures, const char *user, const char *ip, int64_t time_ns)
{
	fail_as(failures, "imap", LOGIN_OUTCOME_PASSWORD_MISMATCH, user, ip, time_ns);
}

static uint64_t count_of(const struct failures *failures, const char *service,
			 enum login_outcome outcome)
{
	const char *name;

	for (size_t i = 0; (name = failures_service(failures, i)); i++) {
		if (strcmp(name, service) == 0)
			return failures_count(failures, i, outcome);
	}
	return UINT64_MAX;
}

static void they_are_counted_by_service_and_outcome(void **state)
{
	const struct login_event success = {.kind = LOGIN_EVENT_AUTH, .outcome = LOGIN_OUTCOME_OK};

	fail_as(*state, "imap", LOGIN_OUTCOME_PASSWORD_MISMATCH, "a", "192.0.2.1", NOON);
	fail_as(*state, "imap", LOGIN_OUTCOME_PASSWORD_MISMATCH, "b", "192.0.2.1", NOON);
	fail_as(*state, "imap", LOGIN_OUTCOME_USER_UNKNOWN, "c", "192.0.2.1", NOON);
	fail_as(*state, "smtp", LOGIN_OUTCOME_INTERNAL_FAILURE, "c", "192.0.2.1", NOON);
	failures_note(*state, &success);
	assert_int_equal(count_of(*state, "imap", LOGIN_OUTCOME_PASSWORD_MISMATCH), 2);
	assert_int_equal(count_of(*state, "imap", LOGIN_OUTCOME_USER_UNKNOWN), 1);
	assert_int_equal(count_of(*state, "smtp", LOGIN_OUTCOME_INTERNAL_FAILURE), 1);
	assert_int_equal(count_of(*state, "pop3", LOGIN_OUTCOME_PASSWORD_MISMATCH), 0);
}

/* Whoever may talk to Dovecot can call his service anything. */
static void hostile_services_take_no_room(void **state)
{
	static const char *const bad[] = {"",	   "a\"b", "a\nb",
					  "imap ", "\xff", "a-name-that-is-longer-than-any"};
	char name[16];
	size_t count = 0;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		fail_as(*state, bad[i], LOGIN_OUTCOME_MALFORMED, "u", "192.0.2.1", NOON);
	assert_int_equal(count_of(*state, "other", LOGIN_OUTCOME_MALFORMED), 6);
	for (int i = 0; i < 1000; i++) {
		(void)snprintf(name, sizeof(name), "service-%d", i);
		fail_as(*state, name, LOGIN_OUTCOME_REFUSED, "u", "192.0.2.1", NOON);
	}
	while (failures_service(*state, count))
		count++;
	assert_int_equal(count, FAILURES_SERVICES);
	assert_int_equal(count_of(*state, "service-0", LOGIN_OUTCOME_REFUSED), 1);
	assert_int_equal(count_of(*state, "other", LOGIN_OUTCOME_REFUSED), 1000 - 8);
	/* What every server has still has its place. */
	fail_as(*state, "smtp", LOGIN_OUTCOME_REFUSED, "u", "192.0.2.1", NOON);
	assert_int_equal(count_of(*state, "smtp", LOGIN_OUTCOME_REFUSED), 1);
}

static void expect(const struct failures_top *top, int index, const char *key, uint64_t count)
{
	assert_true(slice_is(top->items[index].key, key));
	assert_int_equal(top->items[index].count, count);
	assert_int_equal(top->items[index].error, 0);
}

static void users_and_networks_are_ordered(void **state)
{
	struct failures_top top;

	wrong(*state, "bob", "192.0.2.1", NOON);
	wrong(*state, "alice", "192.0.2.2", NOON);
	wrong(*state, "alice", "198.51.100.9", NOON + 1);
	fail_as(*state, "imap", LOGIN_OUTCOME_INTERNAL_FAILURE, "carol", "192.0.2.1", NOON);
	failures_top(*state, FAILURES_BY_USER, NOON + 2, 64, &top);
	assert_int_equal(top.count, 2);
	expect(&top, 0, "alice", 2);
	expect(&top, 1, "bob", 1);
	assert_int_equal(top.total, 3);
	assert_int_equal(top.others, 0);
	assert_int_equal(top.since_ns, NOON);
	failures_top(*state, FAILURES_BY_NETWORK, NOON + 2, 64, &top);
	expect(&top, 0, "192.0.2.0/24", 2);
	expect(&top, 1, "198.51.100.0/24", 1);
	/* Those who do not fit the list are among the others. */
	failures_top(*state, FAILURES_BY_USER, NOON + 2, 1, &top);
	assert_int_equal(top.count, 1);
	assert_int_equal(top.others, 1);
}

static void two_hours_are_remembered(void **state)
{
	struct failures_top top;

	wrong(*state, "a", "192.0.2.1", NOON);
	wrong(*state, "a", "192.0.2.1", NOON + HOUR);
	failures_top(*state, FAILURES_BY_USER, NOON + HOUR + 1, 64, &top);
	expect(&top, 0, "a", 2);
	assert_int_equal(top.since_ns, NOON);
	wrong(*state, "b", "192.0.2.1", NOON + 2 * HOUR);
	failures_top(*state, FAILURES_BY_USER, NOON + 2 * HOUR + 1, 64, &top);
	assert_int_equal(top.total, 2);
	assert_int_equal(top.since_ns, NOON + HOUR);
	/* Nobody failed for long: nothing is told, not what was before. */
	failures_top(*state, FAILURES_BY_USER, NOON + 5 * HOUR, 64, &top);
	assert_int_equal(top.count, 0);
	assert_int_equal(top.total, 0);
}

/* A flood of made-up users does not hide the one that is guessed at, and its counts stay bounds. */
static void a_flood_hides_nobody(void **state)
{
	struct failures_top top;
	char user[32];

	for (int i = 0; i < 100000; i++) {
		(void)snprintf(user, sizeof(user), "u%d", i);
		wrong(*state, user, "192.0.2.1", NOON);
		if (i % 100 == 0)
			wrong(*state, "victim", "198.51.100.1", NOON);
	}
	failures_top(*state, FAILURES_BY_USER, NOON, 1, &top);
	assert_true(slice_is(top.items[0].key, "victim"));
	assert_true(top.items[0].count >= 1000);
	assert_true(top.items[0].count - top.items[0].error <= 1000);
	assert_true(top.others <= 101000 / FAILURES_COUNTERS + 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(they_are_counted_by_service_and_outcome),
		TEST(hostile_services_take_no_room),
		TEST(users_and_networks_are_ordered),
		TEST(two_hours_are_remembered),
		TEST(a_flood_hides_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
