/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "../cmocka_all.h"
#include "login/join.h"
#include "login/partners.h"

#define SEEN_MAX 1024

/* What the join told so far. Texts are copied: an event lives for the call only. */
struct seen {
	struct login_event event;
	char user[32], mech[32], master[32];
};

static struct seen seen[SEEN_MAX];
static size_t seen_count;

static void copy_text(char to[32], const struct login_event *event, unsigned int field)
{
	struct slice text = event->login.text[field];

	assert_true(text.len < 32);
	if (text.len > 0)
		memcpy(to, text.ptr, text.len);
	to[text.len] = '\0';
}

static void on_event(const struct login_event *event, void *context)
{
	struct seen *next = &seen[seen_count++];

	assert_ptr_equal(context, seen);
	assert_true(seen_count <= SEEN_MAX);
	next->event = *event;
	copy_text(next->user, event, DOVETAP_FIELD_USERNAME);
	copy_text(next->mech, event, DOVETAP_FIELD_MECH);
	copy_text(next->master, event, DOVETAP_FIELD_MASTER_USER);
}

static struct login record(enum dovetap_event_type type, const char *session, uint64_t boot_ns)
{
	struct login login = {.type = type, .boot_ns = boot_ns};

	login.text[DOVETAP_FIELD_SESSION_ID] = slice_str(session);
	return login;
}

static void set(struct login *login, unsigned int field, const char *text)
{
	login->text[field] = slice_str(text);
	login->present |= DOVETAP_BIT(field);
}

static struct login auth_record(const char *session, uint64_t boot_ns)
{
	struct login login = record(DOVETAP_EVENT_AUTH, session, boot_ns);

	login.flags = DOVETAP_FLAG_SUCCESSFUL | DOVETAP_FLAG_SECURED;
	login.passdb_result = 1;
	set(&login, DOVETAP_FIELD_USERNAME, "u");
	set(&login, DOVETAP_FIELD_MECH, "PLAIN");
	set(&login, DOVETAP_FIELD_MASTER_USER, "admin");
	return login;
}

/* As LMTP makes one: nobody has authenticated. */
static struct login delivery(const char *session, uint64_t boot_ns)
{
	struct login login = record(DOVETAP_EVENT_MAIL_USER, session, boot_ns);

	set(&login, DOVETAP_FIELD_USERNAME, "u");
	return login;
}

static struct login mail_user(const char *session, uint64_t boot_ns)
{
	struct login login = delivery(session, boot_ns);

	set(&login, DOVETAP_FIELD_MECH, "LOGIN");
	return login;
}

static struct login proxied(const char *session, uint64_t boot_ns)
{
	struct login login = record(DOVETAP_EVENT_PROXY, session, boot_ns);

	login.pid = 42;
	return login;
}

static struct join *new_join(void)
{
	struct join *join;

	seen_count = 0;
	assert_int_equal(join_new(on_event, seen, &join, NULL), 0);
	return join;
}

static void auth_fills_what_mail_user_lacks(void **state)
{
	struct login auth = auth_record("s1", 100), user = delivery("s1", 250);
	struct join *join = new_join();

	(void)state;
	auth.real_remote_port = 99;
	auth.present |= DOVETAP_BIT(DOVETAP_FIELD_REAL_REMOTE_PORT);
	join_take(join, &auth, 0, 0);
	join_take(join, &user, 1, 0);
	assert_int_equal(seen_count, 2);
	assert_int_equal(seen[0].event.kind, LOGIN_EVENT_AUTH);
	assert_int_equal(seen[1].event.kind, LOGIN_EVENT_LOGIN);
	assert_string_equal(seen[1].mech, "PLAIN");
	assert_string_equal(seen[1].master, "admin");
	assert_true(seen[1].event.joined);
	assert_int_equal(seen[1].event.outcome, LOGIN_OUTCOME_OK);
	assert_int_equal(seen[1].event.auth_ns, 150);
	assert_int_equal(seen[1].event.login.flags, DOVETAP_FLAG_SECURED);
	assert_int_equal(seen[1].event.login.real_remote_port, 99);
	assert_true(login_has(&seen[1].event.login, DOVETAP_FIELD_REAL_REMOTE_PORT));
	join_free(&join);
}

static void what_mail_user_knows_stays(void **state)
{
	struct login auth = auth_record("s1", 100), user = mail_user("s1", 200);
	struct join *join = new_join();

	(void)state;
	join_take(join, &auth, 0, 0);
	join_take(join, &user, 1, 0);
	assert_string_equal(seen[1].mech, "LOGIN");
	join_free(&join);
}

static void a_proxied_login_is_who_authenticated(void **state)
{
	struct login auth = auth_record("s1", 100), proxy = proxied("s1", 300);
	struct join *join = new_join();

	(void)state;
	auth.pid = 7;
	join_take(join, &auth, 0, 0);
	join_take(join, &proxy, 1, 0);
	assert_int_equal(seen_count, 2);
	assert_int_equal(seen[1].event.kind, LOGIN_EVENT_PROXY);
	assert_string_equal(seen[1].user, "u");
	assert_int_equal(seen[1].event.login.type, DOVETAP_EVENT_PROXY);
	assert_int_equal(seen[1].event.login.boot_ns, 300);
	assert_int_equal(seen[1].event.login.pid, 42);
	assert_int_equal(seen[1].event.auth_ns, 200);
	join_free(&join);
}

/* Records that come in the wrong order find each other all the same. */
static void a_late_authentication_is_waited_for(void **state)
{
	struct login auth = auth_record("s1", 100), user = mail_user("s1", 200);
	struct login proxy = proxied("s1", 210), other = mail_user("s2", 205);
	struct join *join = new_join();
	uint64_t position;

	(void)state;
	join_take(join, &user, 10, 0);
	join_take(join, &other, 11, 0);
	join_take(join, &proxy, 12, 0);
	assert_int_equal(seen_count, 0);
	assert_true(join_waits(join, &position));
	assert_int_equal(position, 10);
	join_take(join, &auth, 13, 0);
	assert_int_equal(seen_count, 3);
	assert_int_equal(seen[0].event.kind, LOGIN_EVENT_AUTH);
	assert_int_equal(seen[1].event.kind, LOGIN_EVENT_LOGIN);
	assert_string_equal(seen[1].master, "admin");
	assert_int_equal(seen[2].event.kind, LOGIN_EVENT_PROXY);
	assert_int_equal(seen[2].event.auth_ns, 110);
	assert_true(join_waits(join, &position));
	assert_int_equal(position, 11);
	join_free(&join);
}

static void a_missing_partner_costs_a_moment_not_the_login(void **state)
{
	struct login user = mail_user("s1", 200), proxy = proxied("s2", 200);
	struct join *join = new_join();
	uint64_t position;

	(void)state;
	join_take(join, &user, 1, 1000);
	join_take(join, &proxy, 2, 1001);
	join_expire(join, 1000 + JOIN_WAIT_NS - 1);
	assert_int_equal(seen_count, 0);
	join_expire(join, 1000 + JOIN_WAIT_NS);
	assert_int_equal(seen_count, 1);
	assert_string_equal(seen[0].user, "u");
	assert_false(seen[0].event.joined);
	assert_int_equal(seen[0].event.auth_ns, -1);
	assert_int_equal(seen[0].event.outcome, LOGIN_OUTCOME_UNKNOWN);
	join_expire(join, INT64_MAX);
	assert_int_equal(seen_count, 2);
	assert_string_equal(seen[1].user, "");
	assert_false(join_waits(join, &position));
	join_free(&join);
}

static void who_can_have_no_partner_does_not_wait(void **state)
{
	struct login lmtp = delivery("s1", 200), nameless = mail_user("", 200);
	struct join *join = new_join();
	uint64_t position;

	(void)state;
	join_take(join, &lmtp, 1, 0);
	join_take(join, &nameless, 2, 0);
	assert_int_equal(seen_count, 2);
	assert_false(join_waits(join, &position));
	join_free(&join);
}

static void the_oldest_who_waits_makes_room(void **state)
{
	struct join *join = new_join();
	uint64_t position;
	char session[32];

	(void)state;
	for (unsigned int i = 0; i <= JOIN_WAITING_MAX; i++) {
		struct login user;

		(void)snprintf(session, sizeof(session), "session-%u", i);
		user = mail_user(session, 1);
		join_take(join, &user, i, 0);
	}
	assert_int_equal(seen_count, 1);
	assert_true(join_waits(join, &position));
	assert_int_equal(position, 1);
	join_expire(join, INT64_MAX);
	assert_int_equal(seen_count, JOIN_WAITING_MAX + 1);
	join_free(&join);
}

static void a_refused_authentication_is_an_event_and_nobodys_partner(void **state)
{
	struct login auth = auth_record("s1", 100), user = delivery("s1", 200);
	struct join *join = new_join();

	(void)state;
	auth.flags = 0;
	auth.passdb_result = 0;
	auth.text[DOVETAP_FIELD_MASTER_USER].len = 0;
	join_take(join, &auth, 0, 0);
	join_take(join, &user, 1, 0);
	assert_int_equal(seen_count, 2);
	assert_int_equal(seen[0].event.kind, LOGIN_EVENT_FAILURE);
	assert_int_equal(seen[0].event.outcome, LOGIN_OUTCOME_PASSWORD_MISMATCH);
	assert_false(seen[1].event.joined);
	join_free(&join);
}

static void unrelated_records_do_not_join(void **state)
{
	struct login auth = auth_record("s1", 100), other = delivery("s3", 200);
	struct login late = delivery("s1", 101 + PARTNERS_KEEP_NS);
	struct join *join = new_join();

	(void)state;
	join_take(join, &auth, 0, 0);
	join_take(join, &other, 1, 0);
	join_take(join, &late, 2, 0);
	assert_int_equal(seen_count, 3);
	assert_false(seen[1].event.joined);
	assert_false(seen[2].event.joined);
	join_free(&join);
}

static void add_partners(struct partners *partners, unsigned int count, size_t name_length)
{
	char session[32], name[512];

	memset(name, 'n', sizeof(name));
	for (unsigned int i = 0; i < count; i++) {
		struct login auth;

		(void)snprintf(session, sizeof(session), "session-%u", i);
		auth = auth_record(session, i);
		auth.text[DOVETAP_FIELD_USERNAME] = (struct slice){name, name_length};
		partners_add(partners, &auth);
	}
}

static bool has_partner(const struct partners *partners, unsigned int number)
{
	struct login login;
	char session[32];

	(void)snprintf(session, sizeof(session), "session-%u", number);
	login = delivery(session, 1);
	return partners_find(partners, &login) != NULL;
}

static void the_oldest_partner_makes_room(void **state)
{
	struct partners partners = {0};

	(void)state;
	add_partners(&partners, PARTNERS_MAX + 1, 1);
	assert_false(has_partner(&partners, 0));
	assert_true(has_partner(&partners, 1));
	assert_true(has_partner(&partners, PARTNERS_MAX));
	partners_release(&partners);
}

static void partners_take_no_more_memory_than_they_may(void **state)
{
	struct partners partners = {0};

	(void)state;
	add_partners(&partners, PARTNERS_MAX, 512);
	add_partners(&partners, PARTNERS_MAX,
		     512); /* the same again: they take each other's place */
	assert_in_range(partners.bytes, PARTNERS_BYTES - 2048, PARTNERS_BYTES);
	assert_false(has_partner(&partners, 0));
	assert_true(has_partner(&partners, PARTNERS_MAX - 1));
	partners_release(&partners);
	assert_int_equal(partners.bytes, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(auth_fills_what_mail_user_lacks),
		cmocka_unit_test(what_mail_user_knows_stays),
		cmocka_unit_test(a_proxied_login_is_who_authenticated),
		cmocka_unit_test(a_late_authentication_is_waited_for),
		cmocka_unit_test(a_missing_partner_costs_a_moment_not_the_login),
		cmocka_unit_test(who_can_have_no_partner_does_not_wait),
		cmocka_unit_test(the_oldest_who_waits_makes_room),
		cmocka_unit_test(a_refused_authentication_is_an_event_and_nobodys_partner),
		cmocka_unit_test(unrelated_records_do_not_join),
		cmocka_unit_test(the_oldest_partner_makes_room),
		cmocka_unit_test(partners_take_no_more_memory_than_they_may),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
