/* SPDX-License-Identifier: MIT */
#include <string.h>
#include <sys/socket.h>

#include "../cmocka_all.h"
#include "login/login_json.h"

static void set_text(struct login *login, unsigned int field, const char *text)
{
	login->text[field] = slice_str(text);
	login->present |= DOVETAP_BIT(field);
}

static void expect(const struct login *login, const char *want)
{
	struct buf out;

	buf_init(&out, 1 << 16);
	assert_int_equal(login_json(&out, login), 0);
	assert_string_equal(buf_str(&out), want);
	buf_release(&out);
}

static void what_was_not_captured_is_absent(void **state)
{
	const struct login login = {.type = DOVETAP_EVENT_MAIL_USER, .boot_ns = 7, .pid = 1};

	(void)state;
	expect(&login, "{\"type\":\"mail_user\",\"boot_ns\":7,\"pid\":1,\"tid\":0,\"uid\":0,"
		       "\"cgroup_id\":0,\"flags\":[]}");
}

static void all_that_was_is_there(void **state)
{
	struct login login = {
		.type = DOVETAP_EVENT_AUTH,
		.boot_ns = 1,
		.time_ns = 1795338170123456789,
		.truncated =
			DOVETAP_BIT(DOVETAP_FIELD_USERNAME) | DOVETAP_BIT(DOVETAP_FIELD_SESSION_ID),
		.flags = DOVETAP_FLAG_SUCCESSFUL | DOVETAP_FLAG_TLS,
		.remote_ip = {AF_INET, {192, 0, 2, 7}},
		.local_ip = {AF_INET, {192, 0, 2, 8}},
		.real_remote_ip = {AF_INET6, {0x20, 1, 0xd, 0xb8}},
		.real_local_ip = {AF_INET, {192, 0, 2, 9}},
		.remote_port = 1,
		.local_port = 2,
		.real_remote_port = 3,
		.real_local_port = 4,
		.passdb_result = -2,
		.pid = 5,
		.tid = 6,
		.uid = 7,
		.mail_uid = 8,
		.mail_gid = 9,
		.cgroup_id = 10,
		.present = DOVETAP_BIT(DOVETAP_FIELD_REMOTE_PORT) |
			   DOVETAP_BIT(DOVETAP_FIELD_LOCAL_PORT) |
			   DOVETAP_BIT(DOVETAP_FIELD_REAL_REMOTE_PORT) |
			   DOVETAP_BIT(DOVETAP_FIELD_REAL_LOCAL_PORT) |
			   DOVETAP_BIT(DOVETAP_FIELD_PASSDB_RESULT) |
			   DOVETAP_BIT(DOVETAP_FIELD_MAIL_UID),
	};

	(void)state;
	set_text(&login, DOVETAP_FIELD_USERNAME, "u\"\377@x");
	set_text(&login, DOVETAP_FIELD_SESSION_ID, "s1");
	expect(&login,
	       "{\"type\":\"auth\",\"boot_ns\":1,\"time\":\"2026-11-22T09:02:50.123456Z\","
	       "\"username_hex\":\"7522ff4078\",\"session_id\":\"s1\","
	       "\"remote_ip\":\"192.0.2.7\",\"remote_port\":1,"
	       "\"local_ip\":\"192.0.2.8\",\"local_port\":2,"
	       "\"real_remote_ip\":\"2001:db8::\",\"real_remote_port\":3,"
	       "\"real_local_ip\":\"192.0.2.9\",\"real_local_port\":4,"
	       "\"pid\":5,\"tid\":6,\"uid\":7,\"cgroup_id\":10,"
	       "\"mail_uid\":8,\"mail_gid\":9,\"passdb_result\":-2,\"outcome\":\"ok\","
	       "\"flags\":[\"successful\",\"tls\"],\"truncated\":[\"username\",\"session_id\"]}");
}

static void a_line_is_safe_for_a_terminal(void **state)
{
	struct login login = {.type = DOVETAP_EVENT_MAIL_USER,
			      .time_ns = 1795338170123456789,
			      .remote_ip = {AF_INET, {192, 0, 2, 7}}};
	struct buf out;

	(void)state;
	set_text(&login, DOVETAP_FIELD_SERVICE, "imap");
	set_text(&login, DOVETAP_FIELD_USERNAME, "u\033@x");
	buf_init(&out, 1000);
	assert_int_equal(login_line(&out, &login), 0);
	assert_string_equal(buf_str(&out), "2026-11-22T09:02:50.123456Z imap u\\x1b@x 192.0.2.7");
	buf_reset(&out);
	login.remote_ip.family = 0;
	assert_int_equal(login_line(&out, &login), 0);
	assert_non_null(strstr(buf_str(&out), "@x -"));
	buf_release(&out);
}

static void a_full_buffer_is_an_error(void **state)
{
	const struct login login = {.type = DOVETAP_EVENT_PROXY};
	struct buf out;

	(void)state;
	buf_init(&out, 10);
	assert_int_equal(login_json(&out, &login), -E2BIG);
	buf_reset(&out);
	assert_int_equal(login_line(&out, &login), -E2BIG);
	buf_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_not_captured_is_absent),
		cmocka_unit_test(all_that_was_is_there),
		cmocka_unit_test(a_line_is_safe_for_a_terminal),
		cmocka_unit_test(a_full_buffer_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
