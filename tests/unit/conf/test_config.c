/* SPDX-License-Identifier: MIT */
#include "conf/config.h"
#include "conf_test.h"
#include "folder.h"

static const struct last_login_target *match(const struct config *config, const char *service)
{
	const struct conf_peer peer = {.service = slice_str(service)};

	return last_login_match(&config->last_login, &peer);
}

static struct config load(const struct config_options *options)
{
	struct config config = {0};
	struct error error = {0};

	if (config_load(options, &config, &error) < 0)
		fail_msg("%s", error.text);
	return config;
}

static void load_fails(const struct config_options *options, const char *expected)
{
	struct config config = {0};
	struct error error = {0};

	assert_true(config_load(options, &config, &error) < 0);
	assert_string_equal(error.text, expected);
	assert_null(config.own);
}

static void each_source_wins_over_the_one_before(void **state)
{
	struct config_options options = {.path = "own.conf", .doveconf = ""};
	struct config config;

	(void)state;
	write_file("server.conf",
		   "ssl_key = <missing.key\n"
		   "protocol imap {\n"
		   "  mail_plugins = last_login\n"
		   "}\n"
		   "plugin {\n"
		   "  quota = x\n"
		   "  last_login_dict = file:/server\n"
		   "  last_login_key = server\n"
		   "  last_login_precision = ms\n"
		   "}\n",
		   0600);
	write_file("own.conf",
		   "dovetap {\n  dovecot_config = server.conf\n  user = me\n}\n"
		   "plugin {\n  last_login_key = own\n  last_login_precision = us\n}\n",
		   0600);
	config = load(&options);
	assert_string_equal(config.settings.user, "me");
	assert_string_equal(match(&config, "imap")->dict->uri, "file:/server");
	assert_string_equal(match(&config, "imap")->key->text, "own");
	assert_null(match(&config, "pop3"));
	config_release(&config);

	options.key = "line";
	options.services = "pop3,lmtp";
	config = load(&options);
	assert_null(match(&config, "imap"));
	assert_string_equal(match(&config, "lmtp")->key->text, "line");
	assert_string_equal(match(&config, "lmtp")->key->pos.file, "--key");
	assert_string_equal(match(&config, "lmtp")->precision->text, "us");
	assert_false(match(&config, "lmtp")->v24);
	config_release(&config);
}

static void a_key_option_speaks_the_servers_language(void **state)
{
	const struct config_options options = {
		.path = "own.conf", .doveconf = "", .dovecot_config = "v24.conf", .key = "k"};
	struct config config;

	(void)state;
	write_file("own.conf", "", 0600);
	write_file("v24.conf", "dovecot_config_version = 2.4.1\n", 0600);
	config = load(&options);
	assert_true(match(&config, "imap")->v24);
	config_release(&config);
}

static void the_version_is_that_of_doveconf_unless_it_is_set(void **state)
{
	struct config_options options = {
		.path = "own.conf", .doveconf = "./doveconf", .dovecot_config = "server.conf"};
	struct config config;

	(void)state;
	write_file("own.conf", "", 0600);
	write_file("server.conf", "base_dir = /b\n", 0600);
	write_file("doveconf", "#!/bin/sh\necho '# 2.3.13 (89f716dc2): server.conf'\n", 0700);
	config = load(&options);
	assert_string_equal(config.settings.dovecot_version, "2.3.13");
	config_release(&config);
	write_file("own.conf", "dovetap {\n  dovecot_version = 2.3.19\n}\n", 0600);
	config = load(&options);
	assert_string_equal(config.settings.dovecot_version, "2.3.19");
	config_release(&config);
	options.doveconf = "";
	write_file("own.conf", "", 0600);
	config = load(&options);
	assert_null(config.settings.dovecot_version);
	config_release(&config);
}

static void includes_are_globs_beside_the_file(void **state)
{
	const struct config_options options = {.path = "sub/own.conf", .doveconf = ""};
	struct config config;

	(void)state;
	assert_int_equal(mkdir("sub", 0700), 0);
	write_file("sub/own.conf", "!include *.part\n!include_try nothing/*\n", 0600);
	write_file("sub/1.part", "plugin {\n  last_login_key = one\n", 0600);
	write_file("sub/2.part", "  last_login_dict = <uri\n}\n", 0600);
	write_file("sub/uri", "file:/from-file\n", 0600);
	config = load(&options);
	assert_string_equal(match(&config, "imap")->key->text, "one");
	assert_string_equal(match(&config, "imap")->key->pos.file, "sub/1.part");
	assert_string_equal(match(&config, "imap")->dict->uri, "file:/from-file");
	config_release(&config);
}

static char *here(const char *path)
{
	static char out[16][256];
	static unsigned int next;
	char *text = out[next++ % 16];

	snprintf(text, sizeof(out[0]), "%s/%s", folder, path);
	return text;
}

static void make_container(void)
{
	assert_int_equal(mkdir("c", 0700), 0);
	assert_int_equal(mkdir("c/etc", 0700), 0);
	assert_int_equal(mkdir("c/etc/dovecot", 0700), 0);
	assert_int_equal(mkdir("c/etc/part", 0700), 0);
	write_file("own.conf", "", 0600);
	write_file("c/etc/dovecot/dovecot.conf",
		   "!include /etc/part/*.conf\n!include local.conf\n!include_try /etc/leak\n"
		   "dict {\n  sql = mysql:/etc/map\n}\n",
		   0600);
	write_file("c/etc/part/1.conf", "plugin {\n  last_login_key = </etc/key\n", 0600);
	write_file("c/etc/dovecot/local.conf", "  last_login_dict = proxy::sql\n}\n", 0600);
	write_file("c/etc/real-key", "of-the-container\n", 0600);
	write_file("c/etc/map", "connect = host=h\n!include /etc/map-2\n", 0600);
	write_file("c/etc/map-2", "map {\n  pattern = shared/x\n}\n", 0600);
	assert_int_equal(symlink("/etc/real-key", "c/etc/key"), 0);
}

/* Absolute paths and links of a container's files count from its root folder. */
static void a_containers_file_names_files_of_the_container(void **state)
{
	const char *const roots[] = {"/nowhere", here("c/"), NULL};
	const struct config_options options = {
		.path = "own.conf",
		.dovecot_config = here("c/etc/dovecot/dovecot.conf"),
		.doveconf = "/bin/false", /* is not even tried */
		.roots = roots,
	};
	const struct conf_section *map;
	struct error error = {0};
	struct config config;

	(void)state;
	make_container();
	config = load(&options);
	assert_int_equal(config.doveconf_error.code, 0);
	assert_string_equal(match(&config, "imap")->key->text, "of-the-container");
	assert_string_equal(match(&config, "imap")->key->pos.file, here("c/etc/part/1.conf"));
	assert_memory_equal(match(&config, "imap")->dict->backend_uri, "mysql:/tmp/", 11);
	if (config_map(&config, match(&config, "imap")->dict->backend_uri + strlen("mysql:"), &map,
		       &error) < 0)
		fail_msg("%s", error.text);
	assert_non_null(conf_section_find(map, "map", NULL));
	config_release(&config);
}

/* Nothing of the host is read for a container, whatever its links are. */
static void a_containers_links_lead_nowhere_else(void **state)
{
	const char *const roots[] = {here("c"), NULL};
	const struct config_options options = {
		.path = "own.conf",
		.dovecot_config = here("c/etc/dovecot/dovecot.conf"),
		.doveconf = "",
		.roots = roots,
	};
	char text[600];

	(void)state;
	write_file("secret", "of-the-host\n", 0600);
	assert_int_equal(unlink("c/etc/key"), 0);
	assert_int_equal(symlink(here("secret"), "c/etc/key"), 0);
	snprintf(text, sizeof(text),
		 "%s:2: last_login_key: cannot read %s: No such file or directory",
		 here("c/etc/part/1.conf"), here("c/etc/key"));
	load_fails(&options, text);
	assert_int_equal(unlink("c/etc/key"), 0);
	assert_int_equal(symlink("../../../../../secret", "c/etc/key"), 0);
	load_fails(&options, text);
}

static void errors_name_the_place_and_the_remedy(void **state)
{
	const struct config_options options = {.path = "own.conf", .doveconf = ""};

	(void)state;
	write_file("own.conf", "\n!include own.conf\n", 0600);
	load_fails(&options, "own.conf:2: own.conf includes itself");
	write_file("own.conf", "!include missing.conf\n", 0600);
	load_fails(&options, "own.conf:1: no file matches \"missing.conf\"; correct it or use "
			     "!include_try");
	write_file("own.conf", "plugin {\n  last_login_key = <missing\n}\n", 0600);
	load_fails(&options, "own.conf:2: last_login_key: cannot read missing: No such file or "
			     "directory");
	write_file("own.conf", "dovetap {\n  dovecot_config = missing\n}\n", 0600);
	load_fails(&options, "cannot read missing: No such file or directory");
	write_file("own.conf", "", 0600);
	load_fails(&(struct config_options){.path = "own.conf", .precision = "h"},
		   "--precision: last_login_precision: \"h\" is unknown; s, ms, us or ns would be "
		   "right");
	load_fails(&(struct config_options){.path = "own.conf", .dict = "sqlite"},
		   "--dict: last_login_dict: \"sqlite\" has no \":\"; driver:options such as "
		   "redis:host=127.0.0.1 would be right");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_source_wins_over_the_one_before),
		cmocka_unit_test(a_key_option_speaks_the_servers_language),
		cmocka_unit_test(the_version_is_that_of_doveconf_unless_it_is_set),
		cmocka_unit_test(includes_are_globs_beside_the_file),
		cmocka_unit_test(a_containers_file_names_files_of_the_container),
		cmocka_unit_test(a_containers_links_lead_nowhere_else),
		cmocka_unit_test(errors_name_the_place_and_the_remedy),
	};

	return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
