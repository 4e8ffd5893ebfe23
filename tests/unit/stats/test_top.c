/* SPDX-License-Identifier: MIT */
#include <time.h>

#include "stats/top.h"
#include "stats_case.h"

static struct top *begin(void)
{
	struct top *top = calloc(1, sizeof(*top));

	assert_non_null(top);
	assert_int_equal(top_init(top, NULL), 0);
	return top;
}

static void end(struct top *top)
{
	top_release(top);
	free(top);
}

static char *text_of(struct top *top, int (*print)(struct top *top, struct buf *out))
{
	struct buf out;
	char *text;

	buf_init(&out, 1 << 16);
	assert_int_equal(print(top, &out), 0);
	text = strdup(buf_str(&out));
	buf_release(&out);
	return text;
}

/* In the time zone of whoever looks. */
static void clock_of(int64_t time_ns, char text[16])
{
	time_t seconds = (time_t)(time_ns / NS_PER_SEC);

	struct tm tm;

	assert_non_null(localtime_r(&seconds, &tm));
	strftime(text, 16, "%H:%M:%S", &tm);
}

static void the_newest_event_is_the_first_line(void **state)
{
	struct top *top = begin();
	struct login_event login = event_of(LOGIN_EVENT_LOGIN, "u\033@x");
	struct login_event failure = event_of(LOGIN_EVENT_FAILURE, "v@x");
	char *text, at[16];

	(void)state;
	failure.outcome = LOGIN_OUTCOME_PASSWORD_MISMATCH;
	failure.login.text[DOVETAP_FIELD_SERVICE] = slice_str("managesieve-login");
	failure.login.remote_ip = (struct login_ip){0};
	top_note(top, &login);
	top_note(top, &failure);
	clock_of(login.login.time_ns, at);
	text = text_of(top, top_logins_text);
	EXPECT_LINEF(text, "%s failure managesieve-login -               password_mismatch v@x",
		     at);
	EXPECT_LINEF(text, "%s login   imap       192.0.2.7       -                 u\\x1b@x", at);
	assert_true(strstr(text, " failure manage") < strstr(text, " login   imap"));
	expect_line(text, "TIME     EVENT   SERVICE    REMOTE IP       OUTCOME           USER");
	free(text);
	end(top);
}

static void what_is_unknown_is_a_dash(void **state)
{
	struct top *top = begin();
	struct login_event event = event_of(LOGIN_EVENT_AUTH, "");
	char *text, at[16];

	(void)state;
	event.login.text[DOVETAP_FIELD_SERVICE] = slice_str("");
	event.login.remote_ip = (struct login_ip){0};
	top_note(top, &event);
	clock_of(event.login.time_ns, at);
	text = text_of(top, top_logins_text);
	EXPECT_LINEF(text, "%s auth    -          -               -                 -", at);
	free(text);
	end(top);
}

static void each_kind_has_its_rates(void **state)
{
	struct top *top = begin();
	const struct login_event login = event_of(LOGIN_EVENT_LOGIN, "u@x");
	const struct login_event proxy = event_of(LOGIN_EVENT_PROXY, "u@x");
	char *text;

	(void)state;
	/* All in the last minute but not in this second, which is not over. */
	for (int i = 0; i < 30; i++)
		rates_note(&top->rates, login.kind, clock_monotonic_ns() - 5 * NS_PER_SEC);
	rates_note(&top->rates, proxy.kind, clock_monotonic_ns());
	text = text_of(top, top_logins_text);
	expect_line(text, "EVENTS         /S (1 S)   /S (1 MIN)        TOTAL");
	expect_line(text, "login               0.0          0.5           30");
	expect_line(text, "failure             0.0          0.0            0");
	free(text);
	end(top);
}

static void note_failure(struct top *top, const char *user, const char *service,
			 enum login_outcome outcome, unsigned char network)
{
	struct login_event event = event_of(LOGIN_EVENT_FAILURE, user);

	event.outcome = outcome;
	event.login.time_ns = clock_wall_ns();
	event.login.remote_ip.bytes[2] = network;
	event.login.text[DOVETAP_FIELD_SERVICE] = slice_str(service);
	top_note(top, &event);
}

static void failures_are_listed_by_user_network_and_service(void **state)
{
	struct top *top = begin();
	char *text;

	(void)state;
	note_failure(top, "rare@x", "imap", LOGIN_OUTCOME_USER_UNKNOWN, 2);
	for (int i = 0; i < 3; i++)
		note_failure(top, "often@x", "pop3", LOGIN_OUTCOME_PASSWORD_MISMATCH, 9);
	text = text_of(top, top_failures_text);
	assert_int_equal(strncmp(text, "4 failures since ", 17), 0);
	expect_line(text, "  AT LEAST    AT MOST  USER");
	expect_line(text, "         3          3  often@x");
	expect_line(text, "         1          1  rare@x");
	assert_true(strstr(text, "often@x") < strstr(text, "rare@x"));
	expect_line(text, "  AT LEAST    AT MOST  NETWORK");
	expect_line(text, "         3          3  192.0.9.0/24");
	expect_line(text, "         1          1  192.0.2.0/24");
	expect_line(text, "                    0  each of all others");
	expect_line(text, "      SINCE THE START  SERVICE     OUTCOME");
	expect_line(text, "                    3  pop3        password_mismatch");
	expect_line(text, "                    1  imap        user_unknown");
	free(text);
	end(top);
}

static void without_failures_it_says_since_now(void **state)
{
	struct top *top = begin();
	char *text = text_of(top, top_failures_text);

	(void)state;
	assert_int_equal(strncmp(text, "0 failures since ", 17), 0);
	assert_int_equal(text[17 + 2], ':');
	free(text);
	end(top);
}

/* At most twenty of each; the rest is counted together. */
static void the_lists_are_limited(void **state)
{
	struct top *top = begin();
	char *text, user[16];

	(void)state;
	for (int i = 0; i < 30; i++) {
		(void)snprintf(user, sizeof(user), "u%02d@x", i);
		note_failure(top, user, "imap", LOGIN_OUTCOME_USER_UNKNOWN, 1);
	}
	text = text_of(top, top_failures_text);
	assert_int_equal(count_lines(text, "         1          1  u"), 20);
	expect_line(text, "                    1  each of all others");
	free(text);
	end(top);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_newest_event_is_the_first_line),
		cmocka_unit_test(what_is_unknown_is_a_dash),
		cmocka_unit_test(each_kind_has_its_rates),
		cmocka_unit_test(failures_are_listed_by_user_network_and_service),
		cmocka_unit_test(without_failures_it_says_since_now),
		cmocka_unit_test(the_lists_are_limited),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
