/* SPDX-License-Identifier: MIT */
/* Every document is read by jq(1); what it finds there is what was put in. */
#include "stats/top.h"
#include "stats_case.h"

static void put(struct top *top, int (*print)(struct top *top, struct buf *out))
{
	struct buf out;

	buf_init(&out, 1 << 16);
	assert_int_equal(print(top, &out), 0);
	write_file("json", buf_str(&out), 0600);
	buf_release(&out);
}

/* The filter's answer on one line. */
static void expect(const char *filter, const char *answer)
{
	char command[500], got[500] = "";
	FILE *jq;

	(void)snprintf(command, sizeof(command), "jq -ce '%s' json", filter);
	jq = popen(command, "r");
	assert_non_null(jq);
	(void)!fgets(got, sizeof(got), jq);
	pclose(jq);
	got[strcspn(got, "\n")] = '\0';
	assert_string_equal(got, answer);
}

static void logins_have_what_is_known(void **state)
{
	struct top *top = calloc(1, sizeof(*top));
	struct login_event login = event_of(LOGIN_EVENT_LOGIN, "u\"@x");
	struct login_event failure = event_of(LOGIN_EVENT_FAILURE, "");

	(void)state;
	assert_int_equal(top_init(top, NULL), 0);
	failure.outcome = LOGIN_OUTCOME_MALFORMED;
	failure.login.text[DOVETAP_FIELD_SERVICE] = slice_str("");
	failure.login.remote_ip = (struct login_ip){0};
	put(top, top_logins_json);
	expect(".latest", "[]");
	top_note(top, &login);
	top_note(top, &failure);
	rates_note(&top->rates, LOGIN_EVENT_PROXY, clock_monotonic_ns() - 5 * NS_PER_SEC);
	put(top, top_logins_json);
	expect(".events.login.total, .events.proxy.total | tojson", "\"1\"");
	expect("[.events[] | .total] | add", "3");
	expect(".events.auth | keys", "[\"per_second_1s\",\"per_second_60s\",\"total\"]");
	expect(".latest | length", "2");
	expect(".latest[0] | del(.time)", "{\"event\":\"failure\",\"outcome\":\"malformed\"}");
	expect(".latest[1] | del(.time)", "{\"event\":\"login\",\"service\":\"imap\","
					  "\"user\":\"u\\\"@x\",\"remote_ip\":\"192.0.2.7\"}");
	expect(".latest[1].time", "\"2026-11-22T09:02:50.123456Z\"");
	top_release(top);
	free(top);
}

static void fail_once(struct top *top, const char *user, const char *service)
{
	struct login_event event = event_of(LOGIN_EVENT_FAILURE, user);

	event.outcome = LOGIN_OUTCOME_USER_UNKNOWN;
	event.login.time_ns = clock_wall_ns();
	event.login.text[DOVETAP_FIELD_SERVICE] = slice_str(service);
	top_note(top, &event);
}

static void failures_are_listed_by_user_network_and_service(void **state)
{
	struct top *top = calloc(1, sizeof(*top));

	(void)state;
	assert_int_equal(top_init(top, NULL), 0);
	put(top, top_failures_json);
	expect(".by_user", "{\"total\":0,\"others_at_most\":0,\"top\":[]}");
	expect(".by_service", "[]");
	fail_once(top, "a@x", "imap");
	fail_once(top, "b@x", "pop3");
	fail_once(top, "b@x", "pop3");
	put(top, top_failures_json);
	expect(".by_user.top", "[{\"user\":\"b@x\",\"at_least\":2,\"at_most\":2},"
			       "{\"user\":\"a@x\",\"at_least\":1,\"at_most\":1}]");
	expect(".by_user.total", "3");
	expect(".by_user.since | type", "\"string\"");
	expect(".by_network.top", "[{\"network\":\"192.0.2.0/24\",\"at_least\":3,\"at_most\":3}]");
	expect(".by_service | sort_by(.service)",
	       "[{\"service\":\"imap\",\"outcome\":\"user_unknown\",\"count\":1},"
	       "{\"service\":\"pop3\",\"outcome\":\"user_unknown\",\"count\":2}]");
	top_release(top);
	free(top);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(logins_have_what_is_known),
		cmocka_unit_test(failures_are_listed_by_user_network_and_service),
	};

	return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
