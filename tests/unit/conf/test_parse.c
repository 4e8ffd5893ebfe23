/* SPDX-License-Identifier: MIT */
#include "conf_test.h"

static const char *value(const struct conf_section *section, const char *key)
{
	const struct conf_setting *setting = conf_setting_find(section, key);

	assert_non_null(setting);
	return setting->value;
}

/* The answers in this test and the next are doveconf's of 2.3.19.1 and 2.4.1. */
static void values_read_as_dovecot_reads_them(void **state)
{
	struct conf_section *root = parse("a = \"with # hash\"\n"
					  "b = x#y\n"
					  "c = 'single \\' q'\n"
					  "d = \"dq \\\" \\\\ \\n x\"\n"
					  "e = foo \\\n   bar \\\n\tbaz\n"
					  "i = \"unbalanced\n"
					  "j = \"a\" \"b\"\n"
					  "k=%u\r\n"
					  "l =\n"
					  "m = a # b\n"
					  "n = x = y",
					  0);

	(void)state;
	assert_string_equal(value(root, "a"), "with # hash");
	assert_string_equal(value(root, "b"), "x");
	assert_string_equal(value(root, "c"), "single ' q");
	assert_string_equal(value(root, "d"), "dq \" \\ n x");
	assert_string_equal(value(root, "e"), "foo bar baz");
	assert_string_equal(value(root, "i"), "\"unbalanced");
	assert_string_equal(value(root, "j"), "a\" \"b");
	assert_string_equal(value(root, "k"), "%u");
	assert_string_equal(value(root, "l"), "");
	assert_string_equal(value(root, "m"), "a");
	assert_string_equal(value(root, "n"), "x = y");
	conf_free(&root);
}

static void variables_are_whole_words_outside_quotes(void **state)
{
	struct conf_section *root, *imap;

	(void)state;
	setenv("DOVETAP_TEST", "env", 1);
	root = parse("mail_plugins = acl\n"
		     "protocol imap {\n"
		     "  mail_plugins = $mail_plugins   last_login\n"
		     "  a = foo$mail_plugins $ $unset $ENV:DOVETAP_TEST $SET:mail_plugins\n"
		     "  b = \"$mail_plugins\"\n"
		     "}\n",
		     0);
	imap = root->sections;
	assert_string_equal(value(imap, "mail_plugins"), "acl last_login");
	assert_string_equal(value(imap, "a"), "foo$mail_plugins $  env acl last_login");
	assert_string_equal(value(imap, "b"), "$mail_plugins");
	conf_free(&root);
}

static void version_24_expands_only_its_own_forms(void **state)
{
	struct conf_section *root = parse("dovecot_config_version = 2.4.0\n"
					  "base = /run\n"
					  "a = $base $SET:base $SET:base/x\n",
					  0);

	(void)state;
	assert_string_equal(value(root, "a"), "$base /run ");
	conf_free(&root);
}

static void dollars_of_sql_maps_stay(void **state)
{
	struct conf_section *root, *map;

	(void)state;
	root = parse("map {\n pattern = shared/$user\n fields {\n userid = $user\n }\n}\n",
		     CONF_PARSE_MAP);
	assert_string_equal(value(root->sections->sections, "userid"), "$user");
	conf_free(&root);

	root = parse("user = wrong\n"
		     "dict_server {\n"
		     "  dict sql {\n"
		     "    dict_map shared/last-login/$service/$user/$remote_ip {\n"
		     "      key_field userid {\n"
		     "        value = $user\n"
		     "      }\n"
		     "    }\n"
		     "  }\n"
		     "}\n",
		     0);
	map = root->sections->sections->sections;
	assert_string_equal(map->type, "dict_map");
	assert_string_equal(map->name, "shared/last-login/$service/$user/$remote_ip");
	assert_string_equal(value(map->sections, "value"), "$user");
	conf_free(&root);
}

static void sections_keep_names_order_and_places(void **state)
{
	const struct conf_section *section;
	struct conf_section *root = parse("# comment\n"
					  "local_name \"a b\" {   # behind\n"
					  "  x = 1\n"
					  "  x = 2\n"
					  "}\n"
					  "dict {\n"
					  "}\n"
					  "dict redis {\n"
					  "}\n",
					  0);

	(void)state;
	section = conf_section_find(root, "local_name", NULL);
	assert_string_equal(section->name, "a b");
	assert_int_equal(section->pos.line, 2);
	assert_string_equal(section->pos.file, "t.conf");
	assert_int_equal(conf_setting_find(section, "x")->pos.line, 4);
	section = conf_section_find(root, "dict", NULL);
	assert_string_equal(section->name, "");
	section = conf_section_next(section, "dict", NULL);
	assert_string_equal(section->name, "redis");
	assert_null(conf_section_next(section, "dict", NULL));
	conf_free(&root);
}

static void errors_name_the_place_and_the_remedy(void **state)
{
	(void)state;
	parse_fails("a = 1\nprotocol imap\n",
		    "t.conf:2: \"protocol\" is neither a setting nor a section; "
		    "\"protocol = value\" or \"protocol [name] {\" would be right");
	parse_fails("mail_plugins { last_login = yes }\n",
		    "t.conf:1: \"last_login = yes }\" stands behind \"{\"; "
		    "put it on a line of its own");
	parse_fails("a {\n}\n}\n", "t.conf:3: \"}\" without an open section; remove it");
	parse_fails("\na {\n b = 1\n", "t.conf:2: the section \"a\" that begins here is never "
				       "closed; add \"}\"");
	parse_fails(" = 1\n", "t.conf:1: no name in front of \"=\"");
	parse_fails("!include /etc/passwd\n", "t.conf:1: no file matches \"/etc/passwd\"; correct "
					      "it or use !include_try");
}

static void nesting_has_a_ceiling(void **state)
{
	struct buf text;

	(void)state;
	buf_init(&text, 4096);
	for (int i = 0; i < CONF_SECTION_DEPTH + 1; i++)
		buf_append_str(&text, "a {\n");
	parse_fails(buf_str(&text), "t.conf:33: sections are nested deeper than 32");
	buf_release(&text);
}

static void settings_from_the_command_line_win(void **state)
{
	struct conf_section *root = parse("base_dir = /run/dovecot\n", 0);

	(void)state;
	assert_int_equal(conf_set(root, "base_dir", "/srv", "--base-dir"), 0);
	assert_int_equal(conf_set(root, "plugin/last_login_key", "k", "--key"), 0);
	assert_string_equal(value(root, "base_dir"), "/srv");
	assert_string_equal(value(conf_section_find(root, "plugin", NULL), "last_login_key"), "k");
	conf_free(&root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_read_as_dovecot_reads_them),
		cmocka_unit_test(variables_are_whole_words_outside_quotes),
		cmocka_unit_test(version_24_expands_only_its_own_forms),
		cmocka_unit_test(dollars_of_sql_maps_stay),
		cmocka_unit_test(sections_keep_names_order_and_places),
		cmocka_unit_test(errors_name_the_place_and_the_remedy),
		cmocka_unit_test(nesting_has_a_ceiling),
		cmocka_unit_test(settings_from_the_command_line_win),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
