/* SPDX-License-Identifier: MIT */
#include "conf/doveconf.h"
#include "conf/run.h"
#include "conf_test.h"
#include "folder.h"

/* A server's file in two parts, and a doveconf that prints what a 2.3 one would. */
static void write_server(const char *script)
{
	write_file("main.conf", "base_dir = /run/dovecot\n!include part.conf\n", 0600);
	write_file("part.conf",
		   "plugin {\n  last_login_key = old\n}\n\nplugin {\n  last_login_key = new\n}\n",
		   0600);
	write_file("doveconf", script, 0700);
}

static void values_are_doveconfs_and_places_the_files(void **state)
{
	const struct doveconf_options options = {.program = "./doveconf"};
	const struct conf_setting *key;
	struct conf_section *root = NULL;
	struct doveconf_answer answer;
	struct error error = {0};

	(void)state;
	write_server(
		"#!/bin/sh\n"
		"[ \"$*\" = '-P -n -c main.conf' ] || exit 1\n"
		"echo '# 2.3.19.1 (9b53102964): main.conf'\n"
		"printf 'plugin {\\n  added = by doveconf\\n  last_login_key = printed\\n}\\n'\n");
	if (doveconf_read("main.conf", &options, &root, &answer, &error) < 0)
		fail_msg("%s", error.text);
	assert_int_equal(answer.error.code, 0);
	assert_string_equal(answer.program, "./doveconf");
	assert_string_equal(answer.version, "2.3.19.1");
	key = conf_setting_find(conf_section_find(root, "plugin", NULL), "last_login_key");
	assert_string_equal(key->value, "printed");
	assert_string_equal(key->pos.file, "part.conf");
	assert_int_equal(key->pos.line, 6);
	conf_free(&root);
}

static void our_parser_steps_in_when_doveconf_refuses(void **state)
{
	const struct doveconf_options options = {.program = "./doveconf"};
	struct conf_section *root = NULL;
	struct doveconf_answer answer;
	struct error error = {0};

	(void)state;
	write_server("#!/bin/sh\necho first >&2\necho 'Fatal: Unknown section' >&2\nexit 89\n");
	assert_int_equal(doveconf_read("main.conf", &options, &root, &answer, &error), 0);
	assert_string_equal(answer.error.text,
			    "./doveconf ended with status 89: Fatal: Unknown section");
	assert_null(answer.program);
	assert_string_equal(answer.version, "");
	assert_string_equal(conf_setting_find(root, "base_dir")->value, "/run/dovecot");
	conf_free(&root);
}

static void a_missing_file_is_an_error_with_its_name(void **state)
{
	const struct doveconf_options options = {.program = ""};
	struct conf_section *root = NULL;
	struct doveconf_answer answer;
	struct error error = {0};

	(void)state;
	assert_int_equal(doveconf_read("nothing.conf", &options, &root, &answer, &error), -ENOENT);
	assert_int_equal(answer.error.code, 0);
	assert_string_equal(error.text, "cannot read nothing.conf: No such file or directory");
}

static void a_program_that_hangs_is_killed(void **state)
{
	const char *const argv[] = {"/bin/sleep", "1000", NULL};
	struct error error = {0};
	struct buf out, err;

	(void)state;
	buf_init(&out, 100);
	buf_init(&err, 100);
	assert_int_equal(conf_run(argv, 50, &out, &err, &error), -ETIMEDOUT);
	assert_string_equal(error.text, "/bin/sleep did not end in time");
	buf_release(&err);
	buf_release(&out);
}

static void endless_output_stops_at_the_ceiling(void **state)
{
	const char *const argv[] = {"/bin/cat", "/dev/zero", NULL};
	struct error error = {0};
	struct buf out, err;

	(void)state;
	buf_init(&out, 100);
	buf_init(&err, 100);
	assert_int_equal(conf_run(argv, 60000, &out, &err, &error), -E2BIG);
	assert_string_equal(error.text, "/bin/cat printed more than 100 bytes");
	buf_release(&err);
	buf_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_are_doveconfs_and_places_the_files),
		cmocka_unit_test(our_parser_steps_in_when_doveconf_refuses),
		cmocka_unit_test(a_missing_file_is_an_error_with_its_name),
		cmocka_unit_test(a_program_that_hangs_is_killed),
		cmocka_unit_test(endless_output_stops_at_the_ceiling),
	};

	return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
