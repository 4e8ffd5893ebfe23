/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <sys/socket.h>

#include "../cmocka_all.h"
#include "capture/decode.h"

#define SET(event, field, id, text)                                                                \
	do {                                                                                       \
		snprintf((event)->field, sizeof((event)->field), "%s", text);                      \
		(event)->head.length[DOVETAP_FIELD_##id] = (uint16_t)strlen(text);                 \
		(event)->head.present |= DOVETAP_BIT(DOVETAP_FIELD_##id);                          \
	} while (0)

static struct dovetap_event ordinary_event(void)
{
	struct dovetap_event event = {
		.head = {.major = DOVETAP_EVENT_MAJOR,
			 .type = DOVETAP_EVENT_MAIL_USER,
			 .size = sizeof(event),
			 .boot_ns = 42,
			 .pid = 7,
			 .remote_family = AF_INET,
			 .remote_ip = {192, 0, 2, 1},
			 .remote_port = 4711},
		.seal = {.pid = 7},
	};

	event.head.present = DOVETAP_BIT(DOVETAP_FIELD_REMOTE_IP);
	SET(&event, username, USERNAME, "u@example.com");
	SET(&event, service, SERVICE, "imap");
	return event;
}

static int decode(const void *event, size_t size, struct login *login)
{
	return decode_event((struct slice){event, size}, login, NULL);
}

static void an_ordinary_record_is_read(void **state)
{
	struct dovetap_event event = ordinary_event();
	char ip[LOGIN_IP_TEXT_MAX];
	struct login login;

	(void)state;
	assert_int_equal(decode(&event, sizeof(event), &login), 0);
	assert_true(slice_is(login.text[DOVETAP_FIELD_USERNAME], "u@example.com"));
	assert_true(slice_is(login.text[DOVETAP_FIELD_SERVICE], "imap"));
	assert_false(login_has(&login, DOVETAP_FIELD_MECH));
	assert_int_equal(login_ip_text(&login.remote_ip, ip), 9);
	assert_string_equal(ip, "192.0.2.1");
	assert_int_equal(login.remote_port, 4711);
	assert_int_equal(login_ip_text(&login.local_ip, ip), 0);
}

static void a_long_record_is_recognised_by_its_size(void **state)
{
	struct dovetap_event_long event = {.head = ordinary_event().head, .seal = {.pid = 7}};
	char name[513];
	struct login login;

	(void)state;
	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	event.head.present = 0;
	event.head.size = sizeof(event);
	SET(&event, username, USERNAME, name);
	assert_int_equal(decode(&event, sizeof(event), &login), 0);
	assert_true(slice_is(login.text[DOVETAP_FIELD_USERNAME], name));
}

static void a_longer_tail_of_the_same_major_is_ignored(void **state)
{
	struct {
		struct dovetap_event event;
		char tail[16];
	} later = {.event = ordinary_event()};
	struct login login;

	(void)state;
	later.event.head.size = sizeof(later);
	memset(later.tail, 0xff, sizeof(later.tail)); /* no seal */
	assert_int_equal(decode(&later, sizeof(later), &login), 0);
}

static void the_tail_describes_the_connection_itself(void **state)
{
	struct dovetap_event event = ordinary_event();
	char ip[LOGIN_IP_TEXT_MAX];
	struct login login;

	(void)state;
	event.head.present |= DOVETAP_BIT(DOVETAP_FIELD_REAL_REMOTE_IP) |
			      DOVETAP_BIT(DOVETAP_FIELD_REAL_REMOTE_PORT);
	event.tail.real_remote_family = AF_INET;
	event.tail.real_remote_ip[0] = 10;
	event.tail.real_remote_port = 815;
	assert_int_equal(decode(&event, sizeof(event), &login), 0);
	assert_int_equal(login_ip_text(&login.real_remote_ip, ip), 8);
	assert_string_equal(ip, "10.0.0.0");
	assert_int_equal(login.real_remote_port, 815);
	event.tail.real_remote_family = 3;
	assert_int_equal(decode(&event, sizeof(event), &login), -EBADMSG);
}

static void a_record_of_before_the_tail_is_read(void **state)
{
	struct dovetap_event event = ordinary_event();
	struct login login;

	(void)state;
	event.head.size = DOVETAP_EVENT_MIN;
	event.head.present |= DOVETAP_BIT(DOVETAP_FIELD_REAL_REMOTE_IP);
	assert_int_equal(decode(&event, DOVETAP_EVENT_MIN, &login), 0);
	assert_true(slice_is(login.text[DOVETAP_FIELD_SERVICE], "imap"));
	assert_false(login_has(&login, DOVETAP_FIELD_REAL_REMOTE_IP));
	event.head.present |= DOVETAP_BIT(DOVETAP_FIELD_CLIENT_ID);
	assert_int_equal(decode(&event, DOVETAP_EVENT_MIN, &login), -EBADMSG);
}

static void what_this_version_does_not_speak_is_refused(void **state)
{
	struct dovetap_event event = ordinary_event();
	struct error error;
	struct login login;

	(void)state;
	event.head.major = DOVETAP_EVENT_MAJOR + 1;
	assert_int_equal(
		decode_event((struct slice){(char *)&event, sizeof(event)}, &login, &error),
		-EPROTO);
	assert_string_equal(error.text, "event version 2, this program speaks 1");
	event = ordinary_event();
	event.head.type = 99;
	assert_int_equal(decode(&event, sizeof(event), &login), -EPROTO);
}

static void broken_records_are_refused(void **state)
{
	struct dovetap_event event = ordinary_event();
	struct login login;

	(void)state;
	for (size_t size = 0; size < sizeof(event); size++)
		assert_int_equal(decode(&event, size, &login), -EBADMSG);
	event.head.length[DOVETAP_FIELD_SERVICE] = sizeof(event.service);
	assert_int_equal(decode(&event, sizeof(event), &login), -EBADMSG);
	event = ordinary_event();
	memset(event.username, 'x', sizeof(event.username));
	assert_int_equal(decode(&event, sizeof(event), &login), -EBADMSG);
	event = ordinary_event();
	event.head.remote_family = 3;
	assert_int_equal(decode(&event, sizeof(event), &login), -EBADMSG);
}

/* The backend's name stands behind the tail: records that were made before have the tail alone. */
static void a_record_of_before_the_proxy_host_is_read(void **state)
{
	struct dovetap_event event = ordinary_event();
	const size_t before = offsetof(struct dovetap_event, proxy_host);
	struct login login;

	(void)state;
	event.head.present |= DOVETAP_BIT(DOVETAP_FIELD_REAL_REMOTE_PORT);
	event.tail.real_remote_port = 815;
	event.head.size = (__u32)before;
	assert_int_equal(decode(&event, before, &login), 0);
	assert_int_equal(login.real_remote_port, 815);
	assert_false(login_has(&login, DOVETAP_FIELD_PROXY_HOST));
	event.head.size = sizeof(event);
	SET(&event, proxy_host, PROXY_HOST, "backend");
	assert_int_equal(decode(&event, sizeof(event), &login), 0);
	assert_true(slice_is(login.text[DOVETAP_FIELD_PROXY_HOST], "backend"));
	assert_int_equal(login.real_remote_port, 815);
}

/* In every member that binds it, and both forms. */
static void a_record_that_another_login_ended_is_refused(void **state)
{
	static const struct dovetap_event_seal seals[] = {
		{.object = 1, .pid = 7, .tid = 8},
		{.object = 0x1000, .pid = 1, .tid = 8},
		{.object = 0x1000, .pid = 7, .tid = 1},
		{.object = 0},
	};
	struct dovetap_event event = ordinary_event();
	struct dovetap_event_long longer = {.head = event.head};
	struct error error;
	struct login login;

	(void)state;
	longer.head.present = 0;
	longer.head.size = sizeof(longer);
	event.head.object = longer.head.object = 0x1000;
	event.head.tid = longer.head.tid = 8;
	for (size_t i = 0; i < sizeof(seals) / sizeof(seals[0]); i++) {
		event.seal = longer.seal = seals[i];
		assert_int_equal(decode(&event, sizeof(event), &login), -EILSEQ);
		assert_int_equal(decode(&longer, sizeof(longer), &login), -EILSEQ);
	}
	event.seal = longer.seal = (struct dovetap_event_seal){0x1000, 7, 8};
	assert_int_equal(decode(&event, sizeof(event), &login), 0);
	assert_int_equal(decode(&longer, sizeof(longer), &login), 0);
	event.seal.pid = 9;
	assert_int_equal(
		decode_event((struct slice){(char *)&event, sizeof(event)}, &login, &error),
		-EILSEQ);
	assert_string_equal(error.text,
			    "event of two logins: begun by process 7 (thread 8) on object 0x1000, "
			    "ended by process 9 (thread 8) on object 0x1000");
}

static void a_record_of_before_the_seal_is_read(void **state)
{
	const size_t before = offsetof(struct dovetap_event, seal);
	struct dovetap_event event = ordinary_event();
	struct login login;

	(void)state;
	event.head.size = (__u32)before;
	event.seal.pid = 1;
	assert_int_equal(decode(&event, before, &login), 0);
	assert_int_equal(login.remote_port, 4711);
}

/* In both forms. A name that fills its room has no NUL. */
static void the_origin_is_read(void **state)
{
	const size_t before = offsetof(struct dovetap_event, origin);
	struct dovetap_event event = ordinary_event();
	struct dovetap_event_long longer = {.head = event.head};
	struct login login;

	(void)state;
	event.seal = longer.seal = (struct dovetap_event_seal){.pid = 7};
	event.origin = (struct dovetap_event_origin){.file = 0x1234567890abcdef, .comm = "imap"};
	memcpy(longer.origin.comm, "sixteen letters!", 16);
	longer.head.present = 0;
	longer.head.size = sizeof(longer);
	assert_int_equal(decode(&event, sizeof(event), &login), 0);
	assert_true(login.file == 0x1234567890abcdef);
	assert_true(slice_is(login.comm, "imap"));
	assert_int_equal(decode(&longer, sizeof(longer), &login), 0);
	assert_true(slice_is(login.comm, "sixteen letters!"));
	event.head.size = (__u32)before;
	assert_int_equal(decode(&event, before, &login), 0);
	assert_int_equal(login.file, 0);
	assert_int_equal(login.comm.len, 0);
}

/* In both forms, and not of a record of before, or of an origin that this version does not know. */
static void the_process_is_read(void **state)
{
	const size_t before = offsetof(struct dovetap_event, process);
	const struct dovetap_event_process process = {
		.origin = DOVETAP_ORIGIN_ALONE,
		.parent_uid = 1,
		.parent_pid = 2,
		.owner_uid = 3,
		.exe_uid = 4,
		.pid_ns = 5,
		.exe = {"twenty-four letters of i"},
		.parent_exe = "pipe",
	};
	struct dovetap_event event = ordinary_event();
	struct dovetap_event_long longer = {.head = event.head};
	struct login login;

	(void)state;
	event.seal = longer.seal = (struct dovetap_event_seal){.pid = 7};
	event.process = longer.process = process;
	longer.head.present = 0;
	longer.head.size = sizeof(longer);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(i ? decode(&longer, sizeof(longer), &login)
				   : decode(&event, sizeof(event), &login),
				 0);
		assert_int_equal(login.process.origin, DOVETAP_ORIGIN_ALONE);
		assert_int_equal(login.process.parent_uid, 1);
		assert_int_equal(login.process.parent_pid, 2);
		assert_int_equal(login.process.owner_uid, 3);
		assert_int_equal(login.process.exe_uid, 4);
		assert_int_equal(login.process.pid_ns, 5);
		assert_string_equal(login.process.exe, "twenty-four letters of i");
		assert_string_equal(login.process.parent_exe, "pipe");
	}
	event.process.origin = DOVETAP_ORIGIN_COUNT;
	assert_int_equal(decode(&event, sizeof(event), &login), 0);
	assert_int_equal(login.process.origin, DOVETAP_ORIGIN_UNKNOWN);
	event.head.size = (__u32)before;
	assert_int_equal(decode(&event, before, &login), 0);
	assert_int_equal(login.process.origin, DOVETAP_ORIGIN_UNKNOWN);
	assert_string_equal(login.process.exe, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_ordinary_record_is_read),
		cmocka_unit_test(a_long_record_is_recognised_by_its_size),
		cmocka_unit_test(a_longer_tail_of_the_same_major_is_ignored),
		cmocka_unit_test(the_tail_describes_the_connection_itself),
		cmocka_unit_test(a_record_of_before_the_tail_is_read),
		cmocka_unit_test(a_record_of_before_the_proxy_host_is_read),
		cmocka_unit_test(a_record_of_before_the_seal_is_read),
		cmocka_unit_test(the_origin_is_read),
		cmocka_unit_test(the_process_is_read),
		cmocka_unit_test(a_record_that_another_login_ended_is_refused),
		cmocka_unit_test(what_this_version_does_not_speak_is_refused),
		cmocka_unit_test(broken_records_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
