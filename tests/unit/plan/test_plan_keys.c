/* SPDX-License-Identifier: MIT */
/* The keys under which a user's records may stand. */
#include "plan_case.h"

static void expect_keys(const struct plan_keys *keys, const char *const (*expected)[2],
			size_t count)
{
	assert_int_equal(keys->count, count);
	for (size_t i = 0; i < count; i++) {
		size_t j = 0;

		while (j < count && !slice_is(keys->keys[j], expected[i][0]))
			j++;
		if (j == count)
			fail_msg("no key %s", expected[i][0]);
		assert_string_equal(keys->services[j], expected[i][1]);
	}
}

#define EXPECT(conf, ...)                                                                          \
	do {                                                                                       \
		static const char *const expected[][2] = {__VA_ARGS__};                            \
		expect_keys_of(conf, expected, sizeof(expected) / sizeof(expected[0]));            \
	} while (0)

static void expect_keys_of(const char *conf, const char *const (*expected)[2], size_t count)
{
	struct plan *plan = plan_of(conf);
	struct plan_keys keys;
	struct error error;

	assert_int_equal(plan_keys_make(plan, 0, slice_str("u@x"), &keys, &error), 0);
	expect_keys(&keys, expected, count);
	plan_keys_release(&keys);
	assert_null(keys.keys);
	plan_free(&plan);
}

#define V24	 "dovecot_config_version = 2.4.0\ndovetap {\n mirror_dicts = memory:\n}\n"
#define KEY(key) "plugin {\n last_login_dict = memory:\n last_login_key = " key "\n}\n"

static void a_key_with_the_service_is_one_for_each(void **state)
{
	(void)state;
	EXPECT(KEY("l/%s/%u"), {"shared/l/imap/u@x", "imap"}, {"shared/l/pop3/u@x", "pop3"});
	EXPECT(KEY("l/%s/%n/%d"), {"shared/l/imap/u/x", "imap"}, {"shared/l/pop3/u/x", "pop3"});
	EXPECT("last_login_key = l/%{protocol}/%{user | domain}\n" V24, {"shared/l/imap/x", "imap"},
	       {"shared/l/pop3/x", "pop3"});
	EXPECT(KEY("l/%s/%u") "dovetap {\n services = lmtp submission managesieve lda doveadm smtp\n}\n",
	       {"shared/l/lmtp/u@x", "lmtp"}, {"shared/l/submission/u@x", "submission"},
	       {"shared/l/managesieve/u@x", "managesieve"}, {"shared/l/lda/u@x", "lda"},
	       {"shared/l/doveadm/u@x", "doveadm"}, {"shared/l/smtp/u@x", "smtp"});
}

static void a_name_may_have_one_letter(void **state)
{
	struct plan *plan = plan_of(KEY("l/%u"));
	struct plan_keys keys;
	struct error error;

	(void)state;
	assert_int_equal(plan_keys_make(plan, 0, slice_str("u"), &keys, &error), 0);
	assert_int_equal(keys.count, 1);
	assert_true(slice_is(keys.keys[0], "shared/l/u"));
	plan_keys_release(&keys);
	plan_free(&plan);
}

/* Nobody can tell by such a key which service wrote it. */
static void a_key_without_the_service_is_one_of_no_service(void **state)
{
	(void)state;
	EXPECT(KEY("l/%u"), {"shared/l/u@x", ""});
	EXPECT(KEY("l"), {"shared/l", ""});
}

static void services_have_the_keys_of_their_routes(void **state)
{
	(void)state;
	EXPECT(KEY("l/%s/%u") "protocol pop3 {\n plugin {\n  last_login_key = p/%s/%u\n }\n}\n",
	       {"shared/l/imap/u@x", "imap"}, {"shared/p/pop3/u@x", "pop3"});
	/* smtp has no mail user, only an authentication. */
	EXPECT(KEY("l/%s/%u") "protocol smtp {\n last_login_source = auth\n}\n"
			      "dovetap {\n services = smtp\n}\n",
	       {"shared/l/smtp/u@x", "smtp"});
}

static void what_a_login_must_contain_has_no_key(void **state)
{
	static const char *const unknown[] = {"%r", "%l",     "%{session}", "%p",
					      "%h", "%{pod}", "%{country}"};

	(void)state;
	for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++) {
		char conf[256];

		snprintf(conf, sizeof(conf),
			 "plugin {\n last_login_dict = memory:\n last_login_key = l/%%u/%s\n}\n"
			 "dovetap {\n geoip_country = /x\n}\n",
			 unknown[i]);
		expect_keys_of(conf, NULL, 0);
	}
}

static void a_node_is_known(void **state)
{
	(void)state;
	setenv("DOVETAP_NODE", "n7", 1);
	EXPECT("dovecot_config_version = 2.4.0\nlast_login_key = l/%{node}/%{user}\n"
	       "dovetap {\n mirror_dicts = memory:\n}\n",
	       {"shared/l/n7/u@x", ""});
	unsetenv("DOVETAP_NODE");
}

/* Keys of authentications and failures are no logins; nobody has none. */
static void only_logins_of_that_dict_count(void **state)
{
	struct plan *plan = plan_of("last_auth_key = a/%{user}\nlast_failure_key = f/%{user}\n" KEY(
		"l/%u") "protocol pop3 {\n plugin {\n  last_login_dict = file:/f\n"
			"  last_login_key = p/%u\n }\n}\n");
	struct plan_keys keys;
	struct error error;
	size_t file = strncmp(plan_dict(plan, 0)->uri, "file", 4) == 0 ? 0 : 1;
	static const char *const of_file[][2] = {{"shared/p/u@x", ""}};
	static const char *const of_memory[][2] = {{"shared/l/u@x", ""}};

	(void)state;
	assert_int_equal(plan_keys_make(plan, file, slice_str("u@x"), &keys, &error), 0);
	expect_keys(&keys, of_file, 1);
	plan_keys_release(&keys);
	assert_int_equal(plan_keys_make(plan, 1 - file, slice_str("u@x"), &keys, &error), 0);
	expect_keys(&keys, of_memory, 1);
	plan_keys_release(&keys);
	assert_int_equal(plan_keys_make(plan, file, slice_str(""), &keys, &error), 0);
	assert_int_equal(keys.count, 0);
	plan_keys_release(&keys);
	plan_free(&plan);
}

/* Better no answer than "never logged in". */
static void keys_without_room_are_an_error(void **state)
{
	static char name[1 << 20];
	struct plan *plan = plan_of(KEY("l/%s/%u"));
	struct plan_keys keys;
	struct error error;

	(void)state;
	memset(name, 'n', sizeof(name));
	assert_int_equal(plan_keys_make(plan, 0, (struct slice){name, sizeof(name)}, &keys, &error),
			 -E2BIG);
	assert_null(keys.keys);
	assert_int_equal(plan_keys_make(plan, 0, (struct slice){name, 1 << 18}, &keys, &error), 0);
	assert_int_equal(keys.count, 2);
	plan_keys_release(&keys);
	plan_free(&plan);
}

/* --- samples ------------------------------------------------------------------------------- */

static bool has_key(const struct plan_keys *keys, const char *text)
{
	for (size_t i = 0; i < keys->count; i++) {
		if (slice_is(keys->keys[i], text))
			return true;
	}
	return false;
}

static void samples_are_keys_of_nobody(void **state)
{
	struct plan *plan = plan_of("last_auth_key = a/%{user}/%{session}\n"
				    "last_failure_key = f/%{user}\n" KEY("l/%s/%u/%r/%h"));
	struct plan_keys keys;
	struct error error;

	(void)state;
	assert_int_equal(plan_keys_sample(plan, 0, ~0U, &keys, &error), 0);
	assert_true(has_key(&keys, "shared/l/imap/user@example.com/192.0.2.1/x"));
	assert_true(has_key(&keys, "shared/l/pop3/user@example.com/192.0.2.1/x"));
	assert_true(has_key(&keys, "shared/a/user@example.com/x"));
	assert_true(has_key(&keys, "shared/f/user@example.com"));
	plan_keys_release(&keys);
	assert_int_equal(plan_keys_sample(plan, 0, 1U << DELIVER_AUTH, &keys, &error), 0);
	assert_true(has_key(&keys, "shared/a/user@example.com/x"));
	assert_false(has_key(&keys, "shared/f/user@example.com"));
	assert_false(has_key(&keys, "shared/l/imap/user@example.com/192.0.2.1/x"));
	plan_keys_release(&keys);
	plan_free(&plan);
}

static void a_service_is_found_by_its_key(void **state)
{
	struct plan *plan = plan_of(KEY("l/%s/%u"));
	struct plan_keys keys;
	struct error error;

	(void)state;
	assert_int_equal(plan_keys_make(plan, 0, slice_str("u@x"), &keys, &error), 0);
	assert_string_equal(plan_keys_service(&keys, slice_str("shared/l/pop3/u@x")), "pop3");
	assert_string_equal(plan_keys_service(&keys, slice_str("l/pop3/u@x")), "pop3");
	assert_string_equal(plan_keys_service(&keys, slice_str("l/imap/u@x")), "imap");
	assert_string_equal(plan_keys_service(&keys, slice_str("l/lmtp/u@x")), "");
	assert_string_equal(plan_keys_service(&keys, slice_str("")), "");
	plan_keys_release(&keys);
	plan_free(&plan);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_key_with_the_service_is_one_for_each),
		cmocka_unit_test(a_name_may_have_one_letter),
		cmocka_unit_test(a_key_without_the_service_is_one_of_no_service),
		cmocka_unit_test(services_have_the_keys_of_their_routes),
		cmocka_unit_test(what_a_login_must_contain_has_no_key),
		cmocka_unit_test(a_node_is_known),
		cmocka_unit_test(only_logins_of_that_dict_count),
		cmocka_unit_test(keys_without_room_are_an_error),
		cmocka_unit_test(samples_are_keys_of_nobody),
		cmocka_unit_test(a_service_is_found_by_its_key),
	};

	return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
