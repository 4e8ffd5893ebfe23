/* SPDX-License-Identifier: MIT */
/* Variables in the settings of dicts. */
#include "conf/tree.h"
#include "plan_case.h"

#define URI(uri) "plugin {\n last_login_dict = " uri "\n last_login_key = ll/%n\n}\n"

static void expect_uri(const char *text, const char *uri, const char *key)
{
	struct plan *plan = plan_of(text);
	struct login_event imap = event_of(LOGIN_EVENT_LOGIN, "imap");

	assert_string_equal(plan_dict(plan, 0)->uri, uri);
	expect_key(plan, plan_match(plan, &imap, DELIVER_LOGIN), &imap, key);
	plan_free(&plan);
}

static void a_prefix_becomes_part_of_the_key(void **state)
{
	(void)state;
	expect_uri(URI("redis:host=h:prefix=%d/:db=1"), "redis:host=h:prefix=:db=1",
		   "example.com/ll/u");
	expect_uri(URI("redis:prefix=pf/x%%-%{if;%s;eq;imap;a;b}/"), "redis:prefix=pf/",
		   "x%-a/ll/u");
	expect_uri(URI("memcached_ascii:prefix=%{sha1;rounds=2,truncate=8:domain}/:port=1"),
		   "memcached_ascii:prefix=:port=1", "44/ll/u");
	expect_uri(URI("fs:posix:prefix=/srv/d-%d/"), "fs:posix:prefix=/srv/",
		   "d-example.com/ll/u");
}

static void what_is_the_same_for_all_is_expanded(void **state)
{
	(void)state;
	setenv("DOVETAP_NODE", "mail", 1);
	expect_uri(URI("redis:prefix=%{hostname}/:password=se%%kret"),
		   "redis:prefix=mail/:password=se%kret", "ll/u");
	expect_uri(URI("redis:prefix=a/b/"), "redis:prefix=a/b/", "ll/u");
}

static void the_dict_server_of_2_3_expands_nothing(void **state)
{
	(void)state;
	expect_uri("plugin {\n last_login_dict = proxy::r\n last_login_key = ll/%n\n}\n"
		   "dict {\n r = redis:password=a%%b\n}\n",
		   "redis:password=a%%b", "ll/u");
}

static void blocks_speak_the_language_of_2_4(void **state)
{
	struct plan *plan = plan_of("dovecot_config_version = 2.4.1\n"
				    "redis_key_prefix = %{user | domain}/%u\n"
				    "redis_password = %%{x}\n"
				    "last_login {\n  dict redis {\n  }\n}\n");
	struct login_event imap = event_of(LOGIN_EVENT_LOGIN, "imap");
	const struct conf_section *block = plan_dict(plan, 0)->block;

	(void)state;
	assert_string_equal(conf_setting_value(block, "redis_key_prefix", "-"), "");
	assert_string_equal(conf_setting_value(block, "redis_password", "-"), "%{x}");
	expect_key(plan, plan_match(plan, &imap, DELIVER_LOGIN), &imap,
		   "example.com/%ulast-login/u@example.com");
	plan_free(&plan);
}

static void a_mirror_has_no_prefix_of_a_login(void **state)
{
	struct plan *plan =
		plan_of("dovetap {\n mirror_dicts = redis:prefix=a/:password=x%%y\n}\n");

	(void)state;
	assert_string_equal(plan_dict(plan, 1)->uri, "redis:prefix=a/:password=x%y");
	plan_free(&plan);
	plan_fails("dovetap {\n services = imap\n mirror_dicts = memory: redis:prefix=%d/\n}\n",
		   "t.conf:3: mirror_dicts: %{domain} depends on the login, but one connection "
		   "serves all; only last_login_key may hold it");
	plan_fails("dovetap {\n mirror_dicts = fs:posix:prefix=/srv/%u/\n}\n",
		   "t.conf:2: mirror_dicts: %{user} depends on the login");
	plan_fails("dovetap {\n mirror_dicts = redis:password=sec%kret\n}\n",
		   "t.conf:2: mirror_dicts: a password with a \"%\" that begins no variable");
}

static void what_one_connection_cannot_be_is_refused(void **state)
{
	(void)state;
	plan_fails(URI("redis:db=%u"),
		   "t.conf:2: last_login_dict: %{user} depends on the login, but one connection "
		   "serves all");
	plan_fails(URI("file:%h/ll"), "t.conf:2: last_login_dict: %{home} depends on the login");
	plan_fails(URI("fs:posix:prefix=%h/"),
		   "t.conf:2: fs_prefix: the directory must begin the same for all logins");
	plan_fails(URI("redis:prefix=%{env:X}/"), "t.conf:2: last_login_dict: %{env:X}");
	plan_fails(URI("redis:password=sec%kret"),
		   "t.conf:2: last_login_dict: a password with a \"%\" that begins no variable");
	plan_fails("dovecot_config_version = 2.4.1\n"
		   "last_login {\n  dict redis {\n    redis_host = %{user}\n  }\n}\n",
		   "t.conf:4: redis_host: %{user} depends on the login");
	plan_fails("dovecot_config_version = 2.4.1\n"
		   "last_login {\n  dict proxy {\n    name = r\n  }\n}\n"
		   "dict_server {\n  dict r {\n    driver = redis\n"
		   "    redis_key_prefix = %{user}\n  }\n}\n",
		   "t.conf:10: redis_key_prefix: %{user} depends on the login");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_prefix_becomes_part_of_the_key),
		cmocka_unit_test(what_is_the_same_for_all_is_expanded),
		cmocka_unit_test(the_dict_server_of_2_3_expands_nothing),
		cmocka_unit_test(blocks_speak_the_language_of_2_4),
		cmocka_unit_test(a_mirror_has_no_prefix_of_a_login),
		cmocka_unit_test(what_one_connection_cannot_be_is_refused),
	};

	return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
