/* SPDX-License-Identifier: MIT */
#include "../cmocka_all.h"
#include "conf/parse.h"
#include "conf/server_words.h"

static int check(const char *text, struct error *error_r)
{
	struct conf_section *root = NULL;
	int ret;

	assert_int_equal(conf_parse_text(slice_str(text), "d.conf", 0, &root, error_r), 0);
	ret = server_words_check(root, error_r);
	conf_free(&root);
	return ret;
}

static void fails(const char *text, const char *expected)
{
	struct error error = {0};

	assert_int_equal(check(text, &error), -EINVAL);
	if (strncmp(error.text, expected, strlen(expected)) != 0)
		fail_msg("'%s' does not begin with '%s'", error.text, expected);
}

static void misspelt_settings_are_named(void **state)
{
	(void)state;
	fails("plugin {\n last_login_presision = ms\n}\n",
	      "d.conf:2: unknown setting \"last_login_presision\"; did you mean "
	      "\"last_login_precision\"?");
	fails("last_login {\n last_login_keys = x\n}\n",
	      "d.conf:2: unknown setting \"last_login_keys\"; did you mean \"last_login_key\"?");
	fails("protocol imap {\n plugin/last_login_dct = x\n}\n",
	      "d.conf:2: unknown setting \"last_login_dct\"; did you mean \"last_login_dict\"?");
	fails("remote 192.0.2.0/24 {\n protocol imap {\n  plugin {\n   last_login_dctt = x\n  }\n }\n}\n",
	      "d.conf:4: unknown setting \"last_login_dctt\"");
}

static void a_dict_outside_of_plugin_is_named(void **state)
{
	(void)state;
	fails("last_login_dict = redis:\n",
	      "d.conf:1: last_login_dict stands outside of plugin { }");
	fails("protocol imap {\n last_login_dict = redis:\n}\n",
	      "d.conf:2: last_login_dict stands outside of plugin { }");
}

static void what_is_not_the_plugins_is_not_looked_at(void **state)
{
	struct error error = {0};

	(void)state;
	if (check("plugin {\n last_login_dict = redis:\n last_login_key = k\n quota = x\n}\n"
		  "last_login_precision = s\nlast_loginx = y\nplugin/last_login_key = z\n"
		  "last_login_dict_fields {\n last_login_foo = bar\n}\n"
		  "service last_login {\n last_login_dict = no\n}\n",
		  &error) < 0)
		fail_msg("%s", error.text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(misspelt_settings_are_named),
		cmocka_unit_test(a_dict_outside_of_plugin_is_named),
		cmocka_unit_test(what_is_not_the_plugins_is_not_looked_at),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
