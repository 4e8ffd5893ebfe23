/* SPDX-License-Identifier: MIT */
#include "conf/dump.h"
#include "conf/print.h"
#include "conf_test.h"
#include "folder.h"

static void mask_gives(const char *key, const char *value, const char *expected)
{
	struct buf out;

	buf_init(&out, 1000);
	conf_mask(&out, key, value);
	assert_string_equal(buf_str(&out), expected);
	buf_release(&out);
}

static void secrets_are_masked_wherever_they_stand(void **state)
{
	(void)state;
	mask_gives("redis_password", "sekret", "****");
	mask_gives("redis_password", "", "");
	mask_gives("last_login_dict", "redis:host=::1:password=se kret:db=2",
		   "redis:host=::1:password=****:db=2");
	mask_gives("last_login_dict", "redis:password=sekret", "redis:password=****");
	mask_gives("last_login_dict", "redis:prefix=xpassword=1", "redis:prefix=xpassword=1");
	mask_gives("connect", "host=x password=a:b user=c", "host=x password=**** user=c");
	mask_gives("connect", "password='a \\' b' dbname=d", "password=**** dbname=d");
	mask_gives("connect", "PASSWORD = a dbname=d", "PASSWORD = **** dbname=d");
	mask_gives("connect", "postgresql://u:p@ss@host/db", "postgresql://u:****@host/db");
	mask_gives("last_login_dict", "file:/var/lib/password", "file:/var/lib/password");
}

/* What is printed must parse to the same text again. */
static void printed_settings_read_back(void **state)
{
	static const char *const values[] = {
		"",	      "plain",	  "with # hash", " blanks ",
		"\"quoted\"", "'single'", "<not a file", "back\\slash",
		"end\\",      "it's",	  "$ENV:HOME x", "a=b {",
	};
	struct conf_section *root;
	struct buf out;

	(void)state;
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		buf_init(&out, 1000);
		conf_print_begin(&out, 0, "a", values[i]);
		conf_print_setting(&out, 1, 0, "key", values[i], NULL);
		conf_print_end(&out, 0);
		root = parse(buf_str(&out), 0);
		assert_string_equal(root->sections->name, values[i]);
		assert_string_equal(root->sections->settings->value, values[i]);
		conf_free(&root);
		buf_release(&out);
	}
}

static void the_dump_has_values_places_and_no_secret(void **state)
{
	const struct config_options options = {
		.path = "own.conf", .doveconf = "", .precision = "ns"};
	struct config config;
	struct error error;
	struct buf out;

	(void)state;
	write_file("own.conf",
		   "dovetap {\n  user = me\n}\n"
		   "plugin {\n  last_login_dict = redis:password=sekret\n}\n",
		   0600);
	buf_init(&out, 100000);
	assert_int_equal(config_load(&options, &config, &error), 0);
	assert_int_equal(config_dump(&config, &out), 0);
	assert_non_null(strstr(buf_str(&out), "  user = me                                        "
					      "     # own.conf:2\n"));
	assert_non_null(strstr(buf_str(&out), "\n# logins of imap, pop3\n"));
	assert_non_null(strstr(buf_str(&out), "redis:password=****"));
	assert_null(strstr(buf_str(&out), "sekret"));
	assert_non_null(strstr(buf_str(&out), "# --precision\n"));
	config_release(&config);
	buf_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(secrets_are_masked_wherever_they_stand),
		cmocka_unit_test(printed_settings_read_back),
		cmocka_unit_test(the_dump_has_values_places_and_no_secret),
	};

	return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
