/* SPDX-License-Identifier: MIT */
#include "login/outcome.h"
#include "pipeline/past.h"
#include "pipeline_case.h"

static struct buf key, value;

static int setup(void **state)
{
	(void)state;
	buf_init(&key, 1000);
	buf_init(&value, HISTORY_VALUE_MAX);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	buf_release(&key);
	buf_release(&value);
	return 0;
}

static const struct template_host host = {
	.node = {"n1", 2}, .country = {"DE", 2}, .asn = {"64496", 5}};

/* Appends to "k"; the key's ID is also the value's. */
static const char *key_of(const struct login_event *event, const struct template_host *at)
{
	char expected[32];

	buf_reset(&key);
	buf_reset(&value);
	buf_append_str(&key, "k");
	assert_int_equal(past_append(event, at, &key, &value), 0);
	assert_int_equal(key.len, strlen("k/") + 16);
	snprintf(expected, sizeof(expected), "id=%s\t", buf_str(&key) + 2);
	assert_int_equal(strncmp(buf_str(&value), expected, strlen(expected)), 0);
	return buf_str(&key);
}

static void a_row_has_what_is_known_of_the_login(void **state)
{
	struct login_event event = event_of(LOGIN_EVENT_LOGIN, "u@x");

	(void)state;
	set_text(&event, DOVETAP_FIELD_SESSION_ID, "s1");
	set_text(&event, DOVETAP_FIELD_MECH, "PLAIN");
	set_text(&event, DOVETAP_FIELD_CLIENT_ID, "name=x");
	event.login.flags = DOVETAP_FLAG_TLS;
	key_of(&event, &host);
	assert_string_equal(buf_str(&value) + strlen("id=0123456789abcdef\t"),
			    "service=imap\tremote_ip=192.0.2.7\tcountry=DE\tasn=64496\t"
			    "client_id=name=x\tmech=PLAIN\ttls=yes\tnode=n1\tsession=s1");
}

static void a_failure_has_its_reason(void **state)
{
	struct login_event event = event_of(LOGIN_EVENT_FAILURE, "u@x");
	char expected[64];

	(void)state;
	event.outcome = LOGIN_OUTCOME_PASSWORD_MISMATCH;
	snprintf(expected, sizeof(expected), "\toutcome=%s", login_outcome_name(event.outcome));
	key_of(&event, &host);
	assert_non_null(strstr(buf_str(&value), expected));
	assert_non_null(strstr(buf_str(&value), "\ttls=no\t"));
}

/* The ring is read again, perhaps by a dovetap that takes another time for it. */
static void the_same_record_is_the_same_row(void **state)
{
	struct login_event event = event_of(LOGIN_EVENT_LOGIN, "u@x");
	char first[32];

	(void)state;
	snprintf(first, sizeof(first), "%s", key_of(&event, &host));
	event.login.time_ns += 100;
	assert_string_equal(key_of(&event, &host), first);
}

static void another_record_is_another_row(void **state)
{
	const struct template_host elsewhere = {.node = {"n2", 2}};
	const struct login_event event = event_of(LOGIN_EVENT_LOGIN, "u@x");
	struct login_event other;
	char first[32];

	(void)state;
	snprintf(first, sizeof(first), "%s", key_of(&event, &host));
	other = event;
	other.login.boot_ns++;
	assert_string_not_equal(key_of(&other, &host), first);
	other = event;
	set_text(&other, DOVETAP_FIELD_SESSION_ID, "s2");
	assert_string_not_equal(key_of(&other, &host), first);
	other = event;
	other.login.pid++;
	assert_string_not_equal(key_of(&other, &host), first);
	other = event;
	other.login.object++;
	assert_string_not_equal(key_of(&other, &host), first);
	assert_string_not_equal(key_of(&event, &elsewhere), first);
}

static void a_key_without_room_is_an_error(void **state)
{
	const struct login_event event = event_of(LOGIN_EVENT_LOGIN, "u@x");
	struct buf small;

	(void)state;
	buf_init(&small, 8);
	assert_int_equal(past_append(&event, &host, &small, &value), -E2BIG);
	buf_release(&small);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_row_has_what_is_known_of_the_login, setup,
						teardown),
		cmocka_unit_test_setup_teardown(a_failure_has_its_reason, setup, teardown),
		cmocka_unit_test_setup_teardown(the_same_record_is_the_same_row, setup, teardown),
		cmocka_unit_test_setup_teardown(another_record_is_another_row, setup, teardown),
		cmocka_unit_test_setup_teardown(a_key_without_room_is_an_error, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
