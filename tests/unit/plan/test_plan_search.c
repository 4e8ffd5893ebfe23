/* SPDX-License-Identifier: MIT */
/* The keys under which a user's records may stand, and what of them nobody knows. */
#include "plan/plan_search.h"
#include "plan_case.h"

#define KEY(key) "plugin {\n last_login_dict = memory:\n last_login_key = " key "\n}\n"

/* The key with "*" for each open part, and "<>" around what is the user's. */
static void show(const struct dict_key *key, struct buf *text)
{
	size_t at = 0;

	buf_reset(text);
	for (size_t i = 0; i < key->part_count; i++) {
		const struct key_part *part = &key->parts[i];
		bool open = key->open >> i & 1, of_user = key->of_user >> i & 1;

		buf_append(text, key->text.ptr + at, part->offset - at);
		buf_append_str(text, open ? "*" : of_user ? "<" : "");
		buf_append(text, key->text.ptr + part->offset, open ? 0 : part->len);
		buf_append_str(text, of_user && !open ? ">" : "");
		at = part->offset + part->len;
	}
	buf_append(text, key->text.ptr + at, key->text.len - at);
}

static size_t find(const struct plan_search *search, const char *shown)
{
	struct buf text;
	size_t i = 0;

	buf_init(&text, 4096);
	for (; i < search->count; i++) {
		show(&search->keys[i], &text);
		if (strcmp(buf_str(&text), shown) == 0)
			break;
	}
	buf_release(&text);
	return i;
}

static void expect(const char *conf, const char *user, const char *shown, const char *service,
		   const char *served)
{
	struct plan *plan = plan_of(conf);
	struct plan_search search;
	struct error error = {0};
	size_t i;

	if (plan_search_make(plan, 0, slice_str(user), NULL, &search, &error) < 0)
		fail_msg("%s", error.text);
	i = find(&search, shown);
	if (i == search.count)
		fail_msg("no key %s, but %.*s", shown, (int)search.keys[0].text.len,
			 search.keys[0].text.ptr);
	assert_string_equal(search.services[i], service);
	assert_string_equal(search.served[i], served);
	plan_search_release(&search);
	plan_free(&plan);
}

static void each_service_has_a_key_whether_recorded_or_not(void **state)
{
	(void)state;
	expect(KEY("l/%s/%u"), "u@x", "shared/l/imap/<u@x>", "imap", "imap, pop3");
	expect(KEY("l/%s/%u"), "u@x", "shared/l/submission/<u@x>", "submission", "imap, pop3");
	expect(KEY("l/%s/%n/%d"), "u@x", "shared/l/lmtp/<u>/<x>", "lmtp", "imap, pop3");
	expect(KEY("l/%s/%u") "dovetap {\n services = imap jmap\n}\n", "u@x", "shared/l/jmap/<u@x>",
	       "jmap", "imap, jmap");
	expect(KEY("l/%u"), "u@x", "shared/l/<u@x>", "", "imap, pop3");
}

static void what_a_login_must_tell_is_open(void **state)
{
	static const char *const unknown[] = {"%r",	     "%l",	     "%{session}",
					      "%p",	     "%h",	     "%{pod}",
					      "%{hostname}", "%{auth_user}", "%{node}"};

	(void)state;
	for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++) {
		char conf[256];

		snprintf(conf, sizeof(conf),
			 "plugin {\n last_login_dict = memory:\n last_login_key = l/%%u/%s\n}\n",
			 unknown[i]);
		expect(conf, "u@x", "shared/l/<u@x>/*", "", "imap, pop3");
	}
}

/* A function's text shows by itself what it comes from. */
static void changed_texts_are_judged_by_what_moves_them(void **state)
{
	(void)state;
	expect(KEY("l/%Uu/%r"), "u@x", "shared/l/<U@X>/*", "", "imap, pop3");
	expect(KEY("l/%{sha1:user}"), "u@x", "shared/l/<435c72360e7879499c5daff29a6f93e59c1f6dcc>",
	       "", "imap, pop3");
}

/* A key or a dict of one network alone is asked for as well. */
static void blocks_of_addresses_count(void **state)
{
	(void)state;
	expect(KEY("l/%u") "remote 192.0.2.0/24 {\n plugin {\n  last_login_key = r/%u\n }\n}\n",
	       "u@x", "shared/r/<u@x>", "", "imap, pop3");
}

static void of_nobody_the_user_is_open(void **state)
{
	(void)state;
	expect(KEY("l/%s/%u"), "", "shared/l/imap/*", "imap", "imap, pop3");
}

static void a_key_without_the_user_shows_nothing(void **state)
{
	struct plan *plan = plan_of(KEY("l/%s/%r"));
	struct plan_search search;
	struct error error;

	(void)state;
	assert_int_equal(plan_search_make(plan, 0, slice_str("u@x"), NULL, &search, &error),
			 -EOPNOTSUPP);
	assert_null(search.keys);
	plan_free(&plan);
}

static void other_services_are_asked_for_by_name(void **state)
{
	static const char *const services[] = {"webmail", "imap", NULL};
	struct plan *plan = plan_of(KEY("l/%s/%u"));
	struct plan_search search;
	struct error error;

	(void)state;
	assert_int_equal(plan_search_make(plan, 0, slice_str("u"), services, &search, &error), 0);
	assert_true(find(&search, "shared/l/webmail/<u>") < search.count);
	plan_search_release(&search);
	plan_free(&plan);
}

/* Better no answer than "never logged in". */
static void keys_without_room_are_an_error(void **state)
{
	static char name[1 << 20];
	struct plan *plan = plan_of(KEY("l/%s/%u"));
	struct plan_search search;
	struct error error;

	(void)state;
	memset(name, 'n', sizeof(name));
	assert_int_equal(plan_search_make(plan, 0, (struct slice){name, sizeof(name)}, NULL,
					  &search, &error),
			 -E2BIG);
	assert_null(search.keys);
	plan_free(&plan);
}

static size_t count_all(const char *conf, const char *shown)
{
	struct plan *plan = plan_of(conf);
	struct plan_search search;
	size_t found;

	assert_int_equal(plan_search_make_all(plan, 0, slice_str("u@x"), &search, NULL), 0);
	found = find(&search, shown);
	found = found < search.count;
	plan_search_release(&search);
	plan_free(&plan);
	return found;
}

/* Not logins alone. */
static void all_that_is_kept_of_a_user_has_a_key(void **state)
{
	static const char conf[] = "plugin {\n last_login_dict = memory:\n last_login_key = l/%u\n"
				   " last_failure_key = f/%u/%s\n}\n";

	(void)state;
	assert_int_equal(count_all(conf, "shared/l/<u@x>"), 1);
	assert_int_equal(count_all(conf, "shared/f/<u@x>/imap"), 1);
	assert_int_equal(count_all(conf, "shared/f/<u@x>/smtp"), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_service_has_a_key_whether_recorded_or_not),
		cmocka_unit_test(what_a_login_must_tell_is_open),
		cmocka_unit_test(changed_texts_are_judged_by_what_moves_them),
		cmocka_unit_test(blocks_of_addresses_count),
		cmocka_unit_test(of_nobody_the_user_is_open),
		cmocka_unit_test(a_key_without_the_user_shows_nothing),
		cmocka_unit_test(other_services_are_asked_for_by_name),
		cmocka_unit_test(all_that_is_kept_of_a_user_has_a_key),
		cmocka_unit_test(keys_without_room_are_an_error),
	};

	return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
