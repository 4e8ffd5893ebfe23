/* SPDX-License-Identifier: MIT */
/* How operators name dicts, in 2.3 URIs and 2.4 blocks, and what they hear of mistakes. */
#include <stdio.h>
#include <string.h>

#include "../cmocka_all.h"
#include "conf/tree.h"
#include "store/dict.h"

static int open_uri(const char *uri, bool strict, struct error *error)
{
	const struct dict_config config = {
		.uri = uri, .where = "conf:7", .home = "/tmp", .strict = strict};
	struct dict *dict = NULL;
	int ret = dict_open(&config, &dict, error);

	dict_close(&dict);
	return ret;
}

static void check_accepted(const char *const *uris, size_t count, bool strict)
{
	for (size_t i = 0; i < count; i++) {
		struct error error = {0};

		if (open_uri(uris[i], strict, &error) < 0)
			fail_msg("%s: %s", uris[i], error.text);
	}
}

static void every_form_of_dovecot_is_accepted(void **state)
{
	static const char *const uris[] = {
		"redis:",
		"redis:host=127.0.0.1:port=6379",
		"redis:host=10.0.0.1:port=1:path=/run/redis.sock:prefix=p/:db=15:password=s=x:"
		"expire_secs=1:timeout_msecs=500",
		"redis:prefix=:password=",
		"memcached_ascii:",
		"memcached_ascii:host=127.0.0.1:port=11211:prefix=x:timeout_msecs=1",
		"file:/tmp/x",
		"file:~/lastlogin",
		"file:lastlogin:lock=fcntl",
		"file:/tmp/x:lock=flock",
		"fs:posix",
		"fs:posix:prefix=/d/:mode=0640:lock=dotlock:dirs:no-fsync:accurate-mtime",
		"fs:posix:mode=auto",
		"proxy::sql",
		"proxy::",
		"proxy:dict-async:cassandra",
		"proxy:/run/dovecot/dict:sql",
		"proxy:idle_msecs=100:warn_slow_msecs=1:dict:sql",
	};

	(void)state;
	check_accepted(uris, sizeof(uris) / sizeof(uris[0]), true);
}

static void our_own_forms_are_accepted_unless_strict(void **state)
{
	static const char *const uris[] = {
		"memory:",
		"debug:memory:",
		"sqlite:",
		"sqlite:path=/tmp/x.db:busy_msecs=10:synchronous=full",
		"redis:host=redis.example.com:username=me:password=x",
		"redis:host=[2001:db8::1]:port=6380",
		"redis:tls:tls_insecure",
	};
	struct error error;

	(void)state;
	check_accepted(uris, sizeof(uris) / sizeof(uris[0]), false);
	for (size_t i = 4; i < sizeof(uris) / sizeof(uris[0]); i++)
		assert_int_equal(open_uri(uris[i], true, &error), -EINVAL);
}

static void mistakes_are_reported_in_dovecots_words(void **state)
{
	static const struct {
		const char *uri;
		bool strict;
		const char *text;
	} cases[] = {
		{"redis", false, "Dictionary URI is missing ':': redis"},
		{"nosuch:x", false, "Unknown dict module: nosuch (known: memory "},
		{"fail:", false, "Unknown dict module: fail"},
		{"redis:host=localhost", true, "dict redis: Invalid IP: localhost"},
		{"redis:port=0", false, "dict redis: Invalid port: 0 (expected 1 to 65535)"},
		{"redis:port=70000", false, "dict redis: Invalid port: 70000"},
		{"redis:port=-1", false, "dict redis: Invalid port: -1"},
		{"redis:port= 1", false, "dict redis: Invalid port:  1"},
		{"redis:port=", false, "dict redis: Invalid port: "},
		{"redis:db=x", false, "dict redis: Invalid db number: x"},
		{"redis:expire_secs=0", false, "dict redis: Invalid expire_secs: 0"},
		{"redis:expire_secs=10s", false, "dict redis: Invalid expire_secs: 10s"},
		{"redis:timeout_msecs=abc", false, "dict redis: Invalid timeout_msecs: abc"},
		{"redis:foo=1", false, "dict redis: Unknown parameter: foo=1"},
		{"redis:HOST=127.0.0.1", false, "dict redis: Unknown parameter: HOST=127.0.0.1"},
		{"redis:username=x", true, "dict redis: Unknown parameter: username=x"},
		{"redis:port=1:", false, "dict redis: Unknown parameter: "},
		{"redis::port=1", false, "dict redis: Unknown parameter: "},
		{"redis:tls:tls_ca=/nonexistent.pem", false, "dict redis: /nonexistent.pem: "},
		{"memcached_ascii:port=x", false, "dict memcached_ascii: Invalid port: x"},
		{"memcached_ascii:db=1", false, "dict memcached_ascii: Unknown parameter: db=1"},
		{"file:", false, "dict file: the path is missing"},
		{"file:/x:lock=dotlock", false, "dict file: Invalid parameter: lock=dotlock"},
		{"file:/x:foo", false, "dict file: Invalid parameter: foo"},
		{"fs:nosuch:prefix=x", false, "dict fs: Unknown fs driver: nosuch"},
		{"fs:posix:bad=1", false, "dict fs: posix: Unknown arg 'bad=1'"},
		{"fs:posix:mode=9", false, "dict fs: posix: Invalid mode: 9"},
		{"sqlite:path=x:nosuch=1", false, "dict sqlite: Unknown parameter: nosuch=1"},
		{"sqlite:path=x:synchronous=none", false, "dict sqlite: Invalid synchronous: none"},
		{"proxy:sql", false, "dict proxy: Invalid URI: sql (expected SOCKET:NAME"},
		{"proxy:", false, "dict proxy: Invalid URI: "},
		{"proxy:idle_msecs=x::sql", false, "dict proxy: Invalid idle_msecs: x"},
		{"proxy:warn_slow_msecs=-1::sql", false, "dict proxy: Invalid warn_slow_msecs: -1"},
		{"memory:x", false, "dict memory: Unknown parameter: x"},
		{"debug:nosuch:", false, "dict debug: Unknown dict module: nosuch"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char expected[160];
		struct error error = {0};

		snprintf(expected, sizeof(expected), "conf:7: %s", cases[i].text);
		if (open_uri(cases[i].uri, cases[i].strict, &error) != -EINVAL)
			fail_msg("%s was accepted", cases[i].uri);
		error.text[strlen(expected)] = '\0';
		assert_string_equal(error.text, expected);
	}
}

/* A ":" in a password, or a misspelt name in front of one, must not carry it into the log. */
static void no_mistake_shows_a_password(void **state)
{
	static const char *const uris[] = {
		"redis:password=half:sekret",
		"redis:passwort=sekret",
		"redis:Password=sekret",
		"redis:secret=sekret",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(uris) / sizeof(uris[0]); i++) {
		struct error error = {0};

		assert_int_equal(open_uri(uris[i], false, &error), -EINVAL);
		assert_null(strstr(error.text, "sekret"));
		assert_non_null(strstr(error.text, "hidden"));
	}
}

/* --- blocks -------------------------------------------------------------------------------- */

#define SETTINGS_MAX 12

/* dict NAME { key = value... } with settings in pairs; in "fs posix { }" when nested. */
static int open_block(const char *name, const char *const *pairs, struct error *error)
{
	static char file[] = "dovecot.conf";
	struct conf_setting settings[SETTINGS_MAX] = {0};
	struct conf_section inner = {.type = (char *)"fs", .name = (char *)"posix"};
	struct conf_section block = {.type = (char *)"dict", .name = (char *)(uintptr_t)name};
	const struct dict_config config = {.block = &block, .home = "/tmp"};
	struct dict *dict = NULL;
	int ret;

	for (size_t i = 0; pairs[2 * i]; i++) {
		settings[i].key = (char *)(uintptr_t)pairs[2 * i];
		settings[i].value = (char *)(uintptr_t)pairs[2 * i + 1];
		settings[i].pos = (struct conf_pos){file, (unsigned int)i + 1};
		if (pairs[2 * i + 2])
			settings[i].next = &settings[i + 1];
	}
	inner.settings = block.settings = pairs[0] ? settings : NULL;
	if (strcmp(name, "fs") == 0) {
		block.sections = &inner;
		block.settings = NULL;
	}
	ret = dict_open(&config, &dict, error);
	dict_close(&dict);
	return ret;
}

#define PAIRS(...)                                                                                 \
	(const char *const[])                                                                      \
	{                                                                                          \
		__VA_ARGS__, NULL, NULL                                                            \
	}

static void blocks_of_2_4_are_accepted(void **state)
{
	struct error error = {0};

	(void)state;
	assert_int_equal(
		open_block("redis",
			   PAIRS("redis_host", "::1", "redis_port", "6379", "redis_key_prefix", "p",
				 "redis_password", "x", "redis_db_id", "3", "redis_expire", "1h",
				 "redis_request_timeout", "500 msecs"),
			   &error),
		0);
	assert_int_equal(
		open_block("cache", PAIRS("driver", "redis", "redis_socket_path", "/s"), &error),
		0);
	assert_int_equal(open_block("file",
				    PAIRS("path", "/tmp/x", "dict_file_lock_method", "flock"),
				    &error),
			 0);
	assert_int_equal(open_block("proxy",
				    PAIRS("name", "sql", "dict_proxy_socket_path", "dict-async"),
				    &error),
			 0);
	assert_int_equal(open_block("fs", PAIRS("prefix", "/d", "fs_posix_fsync", "no"), &error),
			 0);
}

static void mistakes_in_blocks_are_reported_with_their_place(void **state)
{
	struct error error = {0};

	(void)state;
	assert_int_equal(open_block("redis", PAIRS("host", "::1"), &error), -EINVAL);
	assert_string_equal(error.text, "dict redis: dovecot.conf:1: Unknown setting: host");
	open_block("redis", PAIRS("redis_port", "1", "redis_expire", "60"), &error);
	assert_string_equal(error.text,
			    "dict redis: dovecot.conf:2: Time interval '60' is missing units "
			    "(add e.g. 's' for seconds)");
	open_block("nosuch", PAIRS("a", "b"), &error);
	assert_memory_equal(error.text, "Unknown dict module: nosuch", 27);
	open_block("sql", PAIRS("driver", "sql"), &error);
	assert_memory_equal(error.text, "sql_driver is not set", 21);
	open_block("memcached_ascii", PAIRS("driver", "memcached_ascii"), &error);
	assert_memory_equal(error.text, "dict memcached_ascii: has no block form", 39);
}

/* --- slots that are missing ---------------------------------------------------------------- */

static void what_a_driver_lacks_is_said(void **state)
{
	const struct dict_config config = {.uri = "memory:"};
	struct error error = {0};
	struct dict *dict;

	(void)state;
	assert_int_equal(dict_open(&config, &dict, &error), 0);
	assert_int_equal(dict_expire(dict, &(struct dict_expiry){.limit = 1}, 0, &error),
			 -EOPNOTSUPP);
	assert_string_equal(error.text, "dict memory cannot remove old records");
	assert_int_equal(dict_ping(dict, 0, &error), 0);
	assert_int_equal(dict_check_key(dict, (const char *const[]){NULL}, &error), 0);
	dict_close(&dict);
}

static void the_embedded_dict_wants_a_user_in_the_key(void **state)
{
	const struct dict_config config = {.uri = "sqlite:path=/tmp/never-made.db"};
	const char *const without[] = {"service", "remote_ip", NULL};
	const char *const with[] = {"service", "user", NULL};
	struct error error = {0};
	struct dict *dict;

	(void)state;
	assert_int_equal(dict_open(&config, &dict, &error), 0);
	assert_int_equal(dict_check_key(dict, without, &error), -EINVAL);
	assert_non_null(strstr(error.text, "needs %{user}"));
	assert_int_equal(dict_check_key(dict, with, &error), 0);
	dict_close(&dict);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_form_of_dovecot_is_accepted),
		cmocka_unit_test(our_own_forms_are_accepted_unless_strict),
		cmocka_unit_test(mistakes_are_reported_in_dovecots_words),
		cmocka_unit_test(no_mistake_shows_a_password),
		cmocka_unit_test(blocks_of_2_4_are_accepted),
		cmocka_unit_test(mistakes_in_blocks_are_reported_with_their_place),
		cmocka_unit_test(what_a_driver_lacks_is_said),
		cmocka_unit_test(the_embedded_dict_wants_a_user_in_the_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
