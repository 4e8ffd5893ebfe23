/* SPDX-License-Identifier: MIT */
#include "stats_case.h"

static void without_a_stream_there_is_none(void **state)
{
	char *text;

	(void)state;
	SAMPLES(&text, metrics_collect_audit(NULL, metrics));
	assert_string_equal(text, "");
	free(text);
}

static void events_are_counted_by_kind(void **state)
{
	const struct audit_config config = {
		.target = "/dev/null",
		.events = 1U << LOGIN_EVENT_LOGIN | 1U << LOGIN_EVENT_FAILURE,
		.queue_size = 1 << 16,
	};
	struct login_event login = event_of(LOGIN_EVENT_LOGIN, "u@x");
	struct login_event failure = event_of(LOGIN_EVENT_FAILURE, "u@x");
	struct login_event proxy = event_of(LOGIN_EVENT_PROXY, "u@x");
	struct audit *audit;
	char *text;

	(void)state;
	assert_int_equal(audit_new(&config, &audit, NULL), 0);
	audit_event(audit, &login);
	audit_event(audit, &login);
	audit_event(audit, &failure);
	audit_event(audit, &proxy);
	SAMPLES(&text, metrics_collect_audit(audit, metrics));
	expect_line(text, "dovetap_audit_events_total{event=\"login\"} 2");
	expect_line(text, "dovetap_audit_events_total{event=\"failure\"} 1");
	expect_line(text, "dovetap_audit_events_total{event=\"proxy\"} 0");
	free(text);
	audit_free(&audit, clock_monotonic_ns() + LONG_NS);
}

static void the_state_of_the_stream_has_its_samples(void **state)
{
	const struct audit_stats up = {.up = true, .written = 7}, down = {.written = 0};
	char *text;

	(void)state;
	SAMPLES(&text, metric_table_collect(&metrics_audit_table, &up, metrics));
	expect_line(text, "dovetap_audit_up 1");
	expect_line(text, "dovetap_audit_written_total 7");
	free(text);
	SAMPLES(&text, metric_table_collect(&metrics_audit_table, &down, metrics));
	expect_line(text, "dovetap_audit_up 0");
	free(text);
}

static void fail_as(struct failures *failures, const char *service, enum login_outcome outcome)
{
	struct login_event event = event_of(LOGIN_EVENT_FAILURE, "u@x");

	set_text(&event, DOVETAP_FIELD_SERVICE, service);
	event.outcome = outcome;
	failures_note(failures, &event);
}

static void failures_are_counted_by_service_and_reason(void **state)
{
	struct failures *failures;
	char *text;

	(void)state;
	assert_int_equal(failures_new(&failures, NULL), 0);
	SAMPLES(&text, metrics_collect_failures(failures, metrics));
	assert_string_equal(text, "");
	free(text);
	fail_as(failures, "imap", LOGIN_OUTCOME_PASSWORD_MISMATCH);
	fail_as(failures, "imap", LOGIN_OUTCOME_PASSWORD_MISMATCH);
	fail_as(failures, "imap", LOGIN_OUTCOME_USER_UNKNOWN);
	fail_as(failures, "pop3", LOGIN_OUTCOME_REFUSED);
	SAMPLES(&text, metrics_collect_failures(failures, metrics));
	expect_line(text, "dovetap_auth_failures_total{service=\"imap\","
			  "reason=\"password_mismatch\"} 2");
	expect_line(text,
		    "dovetap_auth_failures_total{service=\"imap\",reason=\"user_unknown\"} 1");
	expect_line(text, "dovetap_auth_failures_total{service=\"pop3\",reason=\"refused\"} 1");
	assert_int_equal(count_lines(text, "dovetap_auth_failures_total"), 3);
	free(text);
	failures_free(&failures);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_a_stream_there_is_none),
		cmocka_unit_test(events_are_counted_by_kind),
		cmocka_unit_test(the_state_of_the_stream_has_its_samples),
		cmocka_unit_test(failures_are_counted_by_service_and_reason),
	};

	return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
