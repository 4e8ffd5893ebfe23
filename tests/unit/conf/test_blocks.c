/* SPDX-License-Identifier: MIT */
#include "conf/v24/blocks.h"
#include "conf_test.h"

static struct v24_block *read_blocks(struct conf_section *root)
{
	struct v24_block *blocks = NULL;
	struct error error = {0};

	if (v24_blocks_read(root, &blocks, &error) < 0)
		fail_msg("%s", error.text);
	return blocks;
}

static void read_fails(const char *text, const char *expected)
{
	struct conf_section *root = parse(text, 0);
	struct v24_block *blocks = NULL;
	struct error error = {0};

	assert_int_equal(v24_blocks_read(root, &blocks, &error), -EINVAL);
	assert_string_equal(error.text, expected);
	conf_free(&root);
}

static const struct v24_block *child(const struct v24_block *block, const char *type,
				     const char *name)
{
	for (block = block->blocks; block; block = block->next) {
		if (strcmp(block->type, type) == 0 && strcmp(block->section->name, name) == 0)
			return block;
	}
	fail_msg("no %s %s", type, name);
	return NULL;
}

static const char *value(const struct v24_block *block, const char *name)
{
	for (const struct v24_value *v = block->values; v; v = v->next) {
		if (strcmp(v->name, name) == 0)
			return v->setting->value;
	}
	return NULL;
}

static void a_block_given_again_keeps_its_place(void **state)
{
	struct conf_section *root = parse("protocol imap {\n last_login_key = a\n}\n"
					  "remote 192.0.2.1 {\n last_login_key = b\n}\n"
					  "protocol imap {\n last_login_key = c\n}\n",
					  0);
	const struct v24_block *blocks = read_blocks(root);
	const struct v24_block *imap = child(blocks, "protocol", "imap");
	const struct v24_block *remote = child(blocks, "remote", "192.0.2.1");

	(void)state;
	assert_ptr_equal(blocks->blocks, imap);
	assert_ptr_equal(imap->next, remote);
	assert_null(remote->next);
	assert_string_equal(value(imap, "last_login_key"), "c");
	assert_true(v24_block_compare(imap, remote) < 0);
	conf_free(&root);
}

/* doveconf 2.4.1 prints no host for it. */
static void an_entry_opened_again_has_its_name_again(void **state)
{
	struct conf_section *root = parse("mysql db {\n host = /socket\n}\n"
					  "pgsql db {\n port = 1\n}\n"
					  "pgsql db {\n host = h\n}\n"
					  "mysql db {\n user = u\n}\n",
					  0);
	const struct v24_block *blocks = read_blocks(root);

	(void)state;
	assert_string_equal(value(child(blocks, "mysql", "db"), "mysql_host"), "db");
	assert_string_equal(value(child(blocks, "mysql", "db"), "mysql_user"), "u");
	assert_string_equal(value(child(blocks, "pgsql", "db"), "pgsql_host"), "h");
	conf_free(&root);
}

/* doveconf 2.4.1 prints last_login_key, set here or there, in one place. */
static void a_named_block_is_not_around_its_own_settings(void **state)
{
	struct conf_section *root = parse("last_login_key = a\n"
					  "last_login {\n"
					  "  last_login_key = b\n"
					  "  precision = ms\n"
					  "  redis_port = 1\n"
					  "  dict redis {\n"
					  "    redis_port = 2\n"
					  "  }\n"
					  "}\n",
					  0);
	const struct v24_block *blocks = read_blocks(root);
	const struct v24_block *last_login = child(blocks, "last_login", "");
	const struct v24_block *dict = child(last_login, "dict", "redis");

	(void)state;
	assert_string_equal(value(blocks, "last_login_key"), "b");
	assert_string_equal(value(blocks, "last_login_precision"), "ms");
	assert_null(value(last_login, "last_login_key"));
	assert_string_equal(value(last_login, "redis_port"), "1");
	assert_string_equal(value(dict, "redis_port"), "2");
	assert_string_equal(value(dict, "dict_name"), "redis");
	assert_true(v24_block_compare(blocks, last_login) < 0);
	assert_true(v24_block_compare(last_login, dict) < 0);
	conf_free(&root);
}

static void groups_come_behind_the_block_that_names_them(void **state)
{
	struct conf_section *root = parse("group @stores main {\n"
					  "  redis_port = 1\n"
					  "  redis_db_id = 2\n"
					  "  dict redis {\n    redis_host = h\n  }\n"
					  "}\n"
					  "last_login {\n"
					  "  @stores = other\n"
					  "  redis_port = 3\n"
					  "  @stores = main\n"
					  "}\n",
					  0);
	const struct v24_block *blocks = read_blocks(root);
	const struct v24_block *last_login = child(blocks, "last_login", "");
	const struct v24_block *group = child(last_login, "group", "@stores main");

	(void)state;
	assert_ptr_equal(blocks->blocks, last_login); /* the group itself is no block */
	assert_string_equal(value(group, "redis_db_id"), "2");
	assert_true(v24_block_compare(group, last_login) < 0);
	assert_true(v24_block_compare(blocks, group) < 0);
	assert_string_equal(value(child(group, "dict", "redis"), "redis_host"), "h");
	conf_free(&root);
}

static void a_group_that_is_none_is_refused(void **state)
{
	(void)state;
	read_fails("group @stores main {\n redis_port = 1\n}\n@stores = mian\n",
		   "t.conf:4: @stores = mian: there is no such group; \"@stores main\" at line 1 "
		   "would be right");
	read_fails("protocol imap {\n @store = main\n}\n",
		   "t.conf:2: @store = main: no group has that label; \"group @store main { }\" at "
		   "the top would be right");
}

static void blocks_for_other_things_are_left_out(void **state)
{
	struct conf_section *root = parse("passdb sql {\n"
					  "  sql_driver = mysql\n"
					  "  mysql db {\n    port = 1\n  }\n"
					  "}\n"
					  "dict {\n  name = redis:\n}\n",
					  0);
	const struct v24_block *blocks = read_blocks(root);

	(void)state;
	assert_null(blocks->blocks);
	conf_free(&root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_block_given_again_keeps_its_place),
		cmocka_unit_test(an_entry_opened_again_has_its_name_again),
		cmocka_unit_test(a_named_block_is_not_around_its_own_settings),
		cmocka_unit_test(groups_come_behind_the_block_that_names_them),
		cmocka_unit_test(a_group_that_is_none_is_refused),
		cmocka_unit_test(blocks_for_other_things_are_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
