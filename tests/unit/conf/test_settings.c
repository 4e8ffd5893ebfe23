/* SPDX-License-Identifier: MIT */
#include "conf/dovetap.h"
#include "conf/settings.h"
#include "conf_test.h"

static void read_ok(const char *text, struct conf_section **root_r,
		    struct dovetap_settings *settings_r)
{
	struct error error = {0};

	*root_r = parse(text, 0);
	if (dovetap_settings_read((const struct conf_section *const[]){*root_r, NULL}, settings_r,
				  &error) < 0)
		fail_msg("%s", error.text);
}

static void read_fails(const char *text, const char *expected)
{
	struct conf_section *root = parse(text, 0);
	const struct conf_section *const roots[] = {root, NULL};
	struct dovetap_settings settings;
	struct error error = {0};

	assert_int_equal(dovetap_settings_read(roots, &settings, &error), -EINVAL);
	assert_string_equal(error.text, expected);
	conf_free(&root);
}

static void check_fails(const char *text, const char *expected)
{
	struct conf_section *root = parse(text, 0);
	struct error error = {0};

	assert_int_equal(dovetap_conf_check(root, &error), -EINVAL);
	assert_string_equal(error.text, expected);
	conf_free(&root);
}

static void an_empty_file_gives_the_defaults(void **state)
{
	struct dovetap_settings settings;
	struct conf_section *root;

	(void)state;
	read_ok("", &root, &settings);
	assert_null(settings.user);
	assert_string_equal(settings.state_dir, "/var/lib/dovetap");
	assert_int_equal(settings.ring_size, 8 << 20);
	assert_int_equal(settings.min_interval, 0);
	assert_int_equal(settings.compat, DOVETAP_COMPAT_NEWEST);
	assert_null(settings.services[0]);
	conf_free(&root);
}

static void every_type_is_read(void **state)
{
	struct dovetap_settings settings;
	struct conf_section *root;

	(void)state;
	read_ok("dovetap {\n"
		"  user = nobody\n"
		"  ring_size = 16k\n"
		"  min_interval = 10 mins\n"
		"  capture_home = yes\n"
		"  compat = strict\n"
		"  services = imap, pop3\n"
		"}\n"
		"dovetap {\n"
		"  user = mail\n"
		"}\n",
		&root, &settings);
	assert_string_equal(settings.user, "mail");
	assert_int_equal(settings.ring_size, 16384);
	assert_int_equal(settings.min_interval, 600000);
	assert_true(settings.capture_home);
	assert_int_equal(settings.compat, DOVETAP_COMPAT_STRICT);
	assert_string_equal(settings.services[0], "imap");
	assert_string_equal(settings.services[1], "pop3");
	assert_null(settings.services[2]);
	conf_free(&root);

	read_ok("dovetap {\n services {\n imap = yes\n lmtp = no\n }\n}\n", &root, &settings);
	assert_string_equal(settings.services[0], "imap");
	assert_null(settings.services[1]);
	conf_free(&root);
}

static void errors_name_the_place_and_the_remedy(void **state)
{
	(void)state;
	read_fails("dovetap {\n rign_size = 8M\n}\n",
		   "t.conf:2: unknown setting \"rign_size\" in dovetap { }; did you mean "
		   "\"ring_size\"?");
	read_fails("dovetap {\n qqq = 1\n}\n", "t.conf:2: unknown setting \"qqq\" in dovetap { }");
	read_fails("dovetap {\n ring_size = 8X\n}\n",
		   "t.conf:2: ring_size: \"8X\" is no size; a number with B, k, M, G or T would "
		   "be right");
	read_fails("dovetap {\n ring_size = 5k\n}\n",
		   "t.conf:2: ring_size: \"5k\" is no power of two of at least 4k; 8M would be "
		   "right");
	read_fails("dovetap {\n ring_size = 16G\n}\n",
		   "t.conf:2: ring_size: \"16G\" is out of range; 0 to 1073741824 would be right");
	read_fails("dovetap {\n min_interval = 5\n}\n",
		   "t.conf:2: min_interval: \"5\" is no time; a number with ms, s, mins, h, d or "
		   "w would be right");
	read_fails("dovetap {\n min_interval = 99999999999999999 d\n}\n",
		   "t.conf:2: min_interval: \"99999999999999999 d\" is no time; a number with ms, "
		   "s, mins, h, d or w would be right");
	read_fails("dovetap {\n capture_home = maybe\n}\n",
		   "t.conf:2: capture_home: \"maybe\" is neither yes nor no");
	read_fails("dovetap {\n compat = loose\n}\n",
		   "t.conf:2: compat: \"loose\" is unknown; newest or strict would be right");
	read_fails("dovetap {\n user {\n }\n}\n",
		   "t.conf:2: user is no section; \"user = value\" would be right");
}

static void our_own_file_holds_nothing_unknown(void **state)
{
	struct error error = {0};
	struct conf_section *root = parse("dovetap {\n user = x\n}\n"
					  "protocol imap {\n"
					  "  mail_plugins {\n last_login = yes\n }\n"
					  "}\n"
					  "plugin {\n last_login_dict = file:/x\n}\n"
					  "dict {\n sql = mysql:/x\n}\n",
					  0);

	(void)state;
	assert_int_equal(dovetap_conf_check(root, &error), 0);
	conf_free(&root);
	check_fails("plugin {\n last_login_kye = x\n}\n",
		    "t.conf:2: unknown setting \"last_login_kye\" in plugin; did you mean "
		    "\"last_login_key\"?");
	check_fails("protocl imap {\n}\n",
		    "t.conf:1: unknown section \"protocl\" in the file; did you mean "
		    "\"protocol\"?");
	check_fails("ssl = yes\n", "t.conf:1: unknown setting \"ssl\" in the file; dovetap's own "
				   "settings stand in dovetap { }");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_file_gives_the_defaults),
		cmocka_unit_test(every_type_is_read),
		cmocka_unit_test(errors_name_the_place_and_the_remedy),
		cmocka_unit_test(our_own_file_holds_nothing_unknown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
