/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "conf/config.h"
#include "folder.h"

static struct config load(void)
{
	const struct config_options options = {.path = "empty.conf", .doveconf = ""};
	struct config config;
	struct error error = {0};

	write_file("empty.conf", "", 0600);
	if (config_load(&options, &config, &error) < 0)
		fail_msg("%s", error.text);
	return config;
}

#define MAP "connect = host=h\nmap {\n  pattern = shared/%s\n  table = t\n}\n"

static void a_map_is_read_once_and_kept(void **state)
{
	struct config config = load();
	const struct conf_section *map, *again;
	struct error error = {0};

	(void)state;
	write_file("one.map", MAP, 0600);
	if (config_map(&config, "one.map", &map, &error) < 0)
		fail_msg("%s", error.text);
	assert_string_equal(conf_setting_value(map, "connect", ""), "host=h");
	assert_string_equal(conf_setting_value(conf_section_find(map, "map", NULL), "table", ""),
			    "t");
	assert_int_equal(unlink("one.map"), 0);
	assert_int_equal(config_map(&config, "one.map", &again, &error), 0);
	assert_ptr_equal(again, map);
	config_release(&config);
}

static void each_path_is_a_map_of_its_own(void **state)
{
	struct config config = load();
	const struct conf_section *one, *two;

	(void)state;
	write_file("one.map", "connect = one\n", 0600);
	write_file("two.map", "connect = two\n", 0600);
	assert_int_equal(config_map(&config, "one.map", &one, NULL), 0);
	assert_int_equal(config_map(&config, "two.map", &two, NULL), 0);
	assert_string_equal(conf_setting_value(one, "connect", ""), "one");
	assert_string_equal(conf_setting_value(two, "connect", ""), "two");
	config_release(&config);
}

static void included_files_and_named_ones_come_with_it(void **state)
{
	struct config config = load();
	const struct conf_section *map;
	struct error error = {0};

	(void)state;
	write_file("part.map", "table = from-include\n", 0600);
	write_file("secret", "xyzzy", 0600);
	write_file("whole.map", "!include part.map\nconnect = <secret\n", 0600);
	if (config_map(&config, "whole.map", &map, &error) < 0)
		fail_msg("%s", error.text);
	assert_string_equal(conf_setting_value(map, "table", ""), "from-include");
	assert_string_equal(conf_setting_value(map, "connect", ""), "xyzzy");
	config_release(&config);
}

static void mistakes_are_the_files(void **state)
{
	struct config config = load();
	const struct conf_section *map = NULL;
	struct error error = {0};

	(void)state;
	assert_int_equal(config_map(&config, "none.map", &map, &error), -ENOENT);
	assert_non_null(strstr(error.text, "none.map"));
	write_file("bad.map", "map {\n", 0600);
	assert_int_equal(config_map(&config, "bad.map", &map, &error), -EINVAL);
	assert_int_equal(strncmp(error.text, "bad.map:", 8), 0);
	write_file("bad.map", "connect = <missing\n", 0600);
	assert_true(config_map(&config, "bad.map", &map, &error) < 0);
	assert_non_null(strstr(error.text, "missing"));
	assert_null(map);
	write_file("bad.map", "connect = mended\n", 0600); /* what failed is not kept */
	assert_int_equal(config_map(&config, "bad.map", &map, &error), 0);
	config_release(&config);
}

/* Another process has read what there is. */
static void a_resolved_configuration_reads_no_file(void **state)
{
	struct config config = load();
	const struct conf_section *map;
	struct conf_section *tree = conf_new();
	struct error error = {0};
	char path[] = "given.map";

	(void)state;
	write_file("one.map", MAP, 0600);
	config.resolved = true;
	assert_int_equal(config_map(&config, "one.map", &map, &error), -ENOENT);
	assert_non_null(strstr(error.text, "one.map: it was not resolved"));
	assert_int_equal(config_add_map(&config, path, tree), 0);
	path[0] = 'X'; /* it was copied */
	assert_int_equal(config_map(&config, "given.map", &map, &error), 0);
	assert_ptr_equal(map, tree);
	config_release(&config);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_map_is_read_once_and_kept),
		cmocka_unit_test(each_path_is_a_map_of_its_own),
		cmocka_unit_test(included_files_and_named_ones_come_with_it),
		cmocka_unit_test(mistakes_are_the_files),
		cmocka_unit_test(a_resolved_configuration_reads_no_file),
	};

	return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
