/* SPDX-License-Identifier: MIT */
#include "../cmocka_all.h"
#include "audit/record.h"
#include "event_case.h"

static const struct audit_policy all = {
	.fields = ~UINT64_C(0), .mask = {32, 128}, .node = {"mail1", 5}};

static void expect(const struct audit_policy *policy, const struct login_event *event,
		   const char *json)
{
	struct audit_record record;
	struct buf out;

	buf_init(&out, 8192);
	audit_record_make(policy, event, &record);
	assert_int_equal(audit_record_json(&record, &out), 0);
	assert_string_equal(buf_str(&out), json);
	buf_release(&out);
}

static void all_that_is_known_is_written(void **state)
{
	const struct login_event event = event_case();

	(void)state;
	expect(&all, &event,
	       "{\"version\":1,\"event\":\"login\",\"time\":\"2026-11-22T09:05:02.123456Z\","
	       "\"user\":\"u@example.com\",\"auth_user\":\"U@Example.com\",\"master_user\":"
	       "\"admin\",\"service\":\"imap\",\"mech\":\"PLAIN\",\"session\":\"s1/AAAB\","
	       "\"remote_ip\":\"192.0.2.99\",\"remote_port\":50001,\"local_ip\":\"198.51.100.1\","
	       "\"local_port\":993,\"secured\":true,\"tls\":false,\"outcome\":\"ok\",\"auth_us\":1234,\"node\":"
	       "\"mail1\",\"pid\":77,\"uid\":5000,\"exe\":\"imap\"}");
}

static void what_is_not_verified_is_marked(void **state)
{
	const struct audit_policy marks = {.fields = UINT64_C(1) << AUDIT_FIELD_UNVERIFIED |
						     UINT64_C(1) << AUDIT_FIELD_EXE,
					   .mask = {32, 128}};
	struct login_event event = event_case();

	(void)state;
	event.login.process = (struct login_process){.exe = "\xff", .unverified = true};
	expect(&marks, &event,
	       "{\"version\":1,\"event\":\"login\",\"time\":\"2026-11-22T09:05:02.123456Z\","
	       "\"exe_hex\":\"ff\",\"unverified\":true}");
}

static void only_what_was_asked_for_is_written(void **state)
{
	const struct audit_policy few = {
		.fields = 1U << AUDIT_FIELD_USER | 1U << AUDIT_FIELD_REMOTE_IP, .mask = {24, 48}};
	struct login_event event = event_case();

	(void)state;
	event.kind = LOGIN_EVENT_FAILURE;
	expect(&few, &event,
	       "{\"version\":1,\"event\":\"failure\",\"time\":\"2026-11-22T09:05:02.123456Z\","
	       "\"user\":\"u@example.com\",\"remote_ip\":\"192.0.2.0\"}");
}

#define NAMES                                                                                      \
	(1U << AUDIT_FIELD_USER | 1U << AUDIT_FIELD_AUTH_USER | 1U << AUDIT_FIELD_MASTER_USER |    \
	 1U << AUDIT_FIELD_TRUNCATED)

static void names_can_be_hashed(void **state)
{
	struct audit_policy policy = {.fields = NAMES, .mask = {32, 128}};
	struct login_event event = event_case();

	(void)state;
	assert_int_equal(pseudonym_new(slice_str("0123456789abcdef0123456789abcdef"),
				       &policy.pseudonym, NULL),
			 0);
	event.login.text[DOVETAP_FIELD_MASTER_USER].len = 0;
	event.login.truncated = DOVETAP_BIT(DOVETAP_FIELD_AUTH_USER);
	expect(&policy, &event,
	       "{\"version\":1,\"event\":\"login\",\"time\":\"2026-11-22T09:05:02.123456Z\","
	       "\"user_hash\":"
	       "\"d7d7a3158886377d270fca14b63464c68377708ad59b3232885505ec9f9ec076\","
	       "\"truncated\":[\"auth_user\"]}");
	pseudonym_free(&policy.pseudonym);
}

static void any_byte_can_be_written(void **state)
{
	const struct audit_policy policy = {.fields = NAMES, .mask = {32, 128}};
	struct login_event event = event_case();

	(void)state;
	event_case_text(&event, DOVETAP_FIELD_USERNAME, "a\"\\\n\x1b\xc3\xbc");
	event_case_text(&event, DOVETAP_FIELD_AUTH_USER, "\xff\xfe");
	event.login.text[DOVETAP_FIELD_MASTER_USER].len = 0;
	expect(&policy, &event,
	       "{\"version\":1,\"event\":\"login\",\"time\":\"2026-11-22T09:05:02.123456Z\","
	       "\"user\":\"a\\\"\\\\\\u000a\\u001b\xc3\xbc\",\"auth_user_hex\":\"fffe\"}");
}

/* "NAME=value" at the place, and moves behind it. */
static struct slice take_field(const char **p)
{
	struct slice field;

	memcpy(&field.len, *p, sizeof(field.len));
	field.ptr = *p + sizeof(field.len);
	*p = field.ptr + field.len;
	return field;
}

static bool has_field(const struct buf *out, const char *wanted)
{
	const char *p = buf_str(out), *end = p + out->len;

	while (p < end) {
		if (slice_is(take_field(&p), wanted))
			return true;
	}
	assert_ptr_equal(p, end);
	return false;
}

static void the_journal_gets_fields(void **state)
{
	static const char *const wanted[] = {
		"MESSAGE=failure: imap \"u\\xff\\x0a\" 192.0.2.99",
		"PRIORITY=5",
		"SYSLOG_IDENTIFIER=dovetap",
		"DOVETAP_EVENT=failure",
		"DOVETAP_VERSION=1",
		"DOVETAP_TIME=2026-11-22T09:05:02.123456Z",
		"DOVETAP_USER=u\xff\n",
		"DOVETAP_REMOTE_PORT=50001",
		"DOVETAP_SECURED=true",
		"DOVETAP_TRUNCATED=user,session",
	};
	struct login_event event = event_case();
	struct audit_record record;
	struct buf out;

	(void)state;
	event.kind = LOGIN_EVENT_FAILURE;
	event_case_text(&event, DOVETAP_FIELD_USERNAME, "u\xff\n");
	event.login.truncated =
		DOVETAP_BIT(DOVETAP_FIELD_USERNAME) | DOVETAP_BIT(DOVETAP_FIELD_SESSION_ID);
	buf_init(&out, 8192);
	audit_record_make(&all, &event, &record);
	assert_int_equal(audit_record_journal(&record, &out), 0);
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
		assert_true(has_field(&out, wanted[i]));
	assert_false(has_field(&out, "DOVETAP_USER=u"));
	buf_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_that_is_known_is_written),
		cmocka_unit_test(what_is_not_verified_is_marked),
		cmocka_unit_test(only_what_was_asked_for_is_written),
		cmocka_unit_test(names_can_be_hashed),
		cmocka_unit_test(any_byte_can_be_written),
		cmocka_unit_test(the_journal_gets_fields),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
