/* SPDX-License-Identifier: MIT */
/* A configuration that was packed means the same where no file is read, and names the same
 * places. */
#include <stdlib.h>
#include <sys/socket.h>

#include "conf/config_pack.h"
#include "conf_test.h"
#include "folder.h"

#define MAX (1U << 20)

static const char server_conf[] = "ssl_key = <missing.key\n"
				  "protocol imap {\n"
				  "  mail_plugins = last_login\n"
				  "}\n"
				  "remote 192.0.2.0/24 {\n"
				  "  protocol imap {\n"
				  "    plugin {\n"
				  "      last_login_key = inner\n"
				  "    }\n"
				  "  }\n"
				  "}\n"
				  "plugin {\n"
				  "  last_login_dict = proxy::last\n"
				  "  last_login_key = server\n"
				  "}\n"
				  "dict {\n"
				  "  last = mysql:map.conf\n"
				  "}\n";

static struct config load(void)
{
	const struct config_options options = {
		.path = "own.conf", .doveconf = "", .precision = "us"};
	const struct conf_section *map;
	struct config config;
	struct error error;

	assert_int_equal(chdir(folder), 0);
	write_file("server.conf", server_conf, 0600);
	write_file("own.conf", "dovetap {\n  dovecot_config = server.conf\n  user = \"me\"\n}\n",
		   0600);
	write_file("password", "secret\n", 0600);
	write_file("map.conf",
		   "connect = host=x\npassword = <password\nmap {\n  pattern = a/$user\n}\n", 0600);
	if (config_load(&options, &config, &error) < 0 ||
	    config_map(&config, "map.conf", &map, &error) < 0)
		fail_msg("%s", error.text);
	config.audit_key = (struct slice){"key\0", 4};
	config.metrics_files[CONFIG_METRICS_TOKENS] = (struct slice){"tokens", 6};
	return config;
}

static void pack(const struct config *config, struct buf *out)
{
	buf_init(out, MAX);
	config_pack(config, out);
	assert_int_equal(out->failed, 0);
}

/* In a folder without the files. */
static struct config unpack_elsewhere(struct slice bytes)
{
	struct unpack in = {.left = bytes};
	struct config config;
	struct error error;

	assert_int_equal(chdir("/"), 0);
	if (config_unpack(&in, &config, &error) < 0)
		fail_msg("%s", error.text);
	assert_true(unpack_is_whole(&in));
	return config;
}

static const struct last_login_target *match(const struct config *config, uint8_t last_byte)
{
	const struct conf_peer peer = {
		.service = slice_str("imap"),
		.remote = {.family = AF_INET, .bytes = {192, 0, 2, last_byte}},
	};

	return last_login_match(&config->last_login, &peer);
}

static void it_means_the_same(void **state)
{
	struct config config = load(), got;
	struct buf bytes;

	(void)state;
	pack(&config, &bytes);
	got = unpack_elsewhere(buf_slice(&bytes));
	buf_release(&bytes); /* nothing points into them */
	assert_string_equal(got.settings.user, "me");
	assert_string_equal(match(&got, 1)->key->text, "inner");
	assert_string_equal(match(&got, 1)->precision->text, "us");
	assert_string_equal(match(&got, 1)->precision->pos.file, "--precision");
	assert_string_equal(match(&got, 1)->dict->backend_uri, "mysql:map.conf");
	assert_string_equal(match(&got, 1)->key->pos.file, match(&config, 1)->key->pos.file);
	assert_int_equal(match(&got, 1)->key->pos.line, 8);
	assert_true(slice_equal(got.audit_key, (struct slice){"key\0", 4}));
	assert_null(got.metrics_files[CONFIG_METRICS_CERT].ptr);
	assert_string_equal(got.metrics_files[CONFIG_METRICS_TOKENS].ptr, "tokens");
	config_release(&got);
	config_release(&config);
}

static void what_was_read_of_files_comes_with_it(void **state)
{
	struct config config = load(), got;
	const struct conf_section *map;
	struct error error = {0};
	struct buf bytes;

	(void)state;
	pack(&config, &bytes);
	config_release(&config);
	got = unpack_elsewhere(buf_slice(&bytes));
	buf_release(&bytes);
	assert_int_equal(config_map(&got, "map.conf", &map, &error), 0);
	assert_string_equal(conf_setting_value(map, "password", ""), "secret");
	assert_string_equal(conf_setting_value(map->sections, "pattern", ""), "a/$user");
	assert_int_equal(config_map(&got, "/etc/passwd", &map, &error), -ENOENT);
	assert_string_equal(error.text, "/etc/passwd: it was not resolved");
	config_release(&got);
}

/* Whatever the bytes say, the process that unpacks them opens nothing. */
static void no_file_is_read_for_it(void **state)
{
	const struct config_options options = {.path = "own.conf", .doveconf = ""};
	struct config config, got;
	struct error error = {0};
	struct unpack in;
	struct buf bytes;

	(void)state;
	assert_int_equal(chdir(folder), 0);
	write_file("key", "never read", 0600);
	write_file("own.conf", "plugin {\n  last_login_key = <key\n}\n", 0600);
	assert_int_equal(config_load(&options, &config, &error), 0);
	conf_section_find(config.own, "plugin", NULL)->settings->from_file = true;
	conf_section_find(config.own, "plugin", NULL)->settings->value = "key";
	pack(&config, &bytes);
	config_release(&config);
	in = (struct unpack){.left = buf_slice(&bytes)};
	assert_int_equal(config_unpack(&in, &got, &error), -EPERM);
	assert_non_null(strstr(error.text, "own.conf:2: last_login_key: key was not read in time"));
	buf_release(&bytes);
}

static void packed_again_it_is_the_same(void **state)
{
	struct config config = load(), got;
	struct buf bytes, again;

	(void)state;
	pack(&config, &bytes);
	got = unpack_elsewhere(buf_slice(&bytes));
	pack(&got, &again);
	assert_int_equal(bytes.len, again.len);
	config_release(&got);
	config_release(&config);
	buf_release(&bytes);
	buf_release(&again);
}

static void each_cut_is_refused(void **state)
{
	struct config config = load(), got;
	struct error error = {0};
	struct buf bytes;

	(void)state;
	pack(&config, &bytes);
	config_release(&config);
	for (size_t len = 0; len < bytes.len; len++) {
		char *cut = malloc(len + 1);
		struct unpack in = {.left = {cut, len}};

		assert_non_null(cut);
		memcpy(cut, bytes.data, len);
		assert_int_equal(config_unpack(&in, &got, &error), -EINVAL);
		assert_string_equal(error.text, "the resolved configuration is broken");
		free(cut);
	}
	buf_release(&bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_means_the_same),
		cmocka_unit_test(what_was_read_of_files_comes_with_it),
		cmocka_unit_test(no_file_is_read_for_it),
		cmocka_unit_test(packed_again_it_is_the_same),
		cmocka_unit_test(each_cut_is_refused),
	};

	return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
