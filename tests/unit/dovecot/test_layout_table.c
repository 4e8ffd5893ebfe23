/* SPDX-License-Identifier: MIT */
/* What the parser of layout tables takes, and how it refuses the rest: by file, line and word. */
#include "../cmocka_all.h"
#include "dovecot/layout_table.h"

static struct layout_table table;
static struct error error;

static int parse(const char *text)
{
	error = (struct error){0};
	return layout_table_parse(slice_str(text), "own.layouts", &table, &error);
}

static void expect_refused(const char *text, const char *message)
{
	assert_true(parse(text) < 0);
	assert_string_equal(error.text, message);
}

static const char whole[] = "# a comment\n"
			    "struct ip_addr 20\n"
			    "abi 2.3.ABIv0(2.3.0)\t# where it was seen\n"
			    "\tfamily 0 u16\n"
			    "\n"
			    "struct mail_user 300\r\n"
			    "abi 2.3.ABIv0(2.3.0)\n"
			    "abi 2.3.ABIv1(2.3.1)\n"
			    "username 72 ptr\n"
			    "conn 112 struct\n"
			    "conn.local_ip 112 ptr\n"
			    "admin 273.5 bit\n"
			    "\n"
			    "struct auth_request 100\n"
			    "abi 2.3.ABIv0(2.3.0)\n"
			    "remote_ip 80 ip_addr\n"
			    "id 3 u8[16]"; /* no newline at the end */

static void test_whole_table_is_read(void **state)
{
	const struct layout_struct *user, *request;

	(void)state;
	assert_int_equal(parse(whole), 0);
	assert_int_equal(table.count, 3);
	user = layout_table_find(&table, "2.3.ABIv1(2.3.1)", "mail_user");
	assert_non_null(user);
	assert_int_equal(user->size, 300);
	assert_int_equal(user->member_count, 4);
	assert_string_equal(user->members[3].name, "admin");
	assert_int_equal(user->members[3].byte, 273);
	assert_int_equal(user->members[3].bit, 5);
	request = layout_table_find(&table, "2.3.ABIv0(2.3.0)", "auth_request");
	assert_int_equal(layout_member_size(&table, "2.3.ABIv0(2.3.0)", &request->members[0]), 20);
	assert_int_equal(layout_member_size(&table, "2.3.ABIv0(2.3.0)", &request->members[1]), 16);
	assert_null(layout_table_find(&table, "2.3.ABIv1(2.3.1)", "auth_request"));
	assert_null(layout_table_find(&table, "2.3.ABIv0", "mail_user"));
	layout_table_release(&table);
}

static void test_empty_table_is_read(void **state)
{
	(void)state;
	assert_int_equal(parse("# nothing\n\n"), 0);
	assert_int_equal(table.count, 0);
	layout_table_release(&table);
}

static void test_lines_that_mean_nothing_are_refused(void **state)
{
	(void)state;
	expect_refused("struct mail_user 10\nusername\n",
		       "own.layouts:2: cannot read the line that begins with 'username'; "
		       "'struct NAME SIZE', 'abi STRING' or 'MEMBER BYTE TYPE'");
	expect_refused("struct mail_user 10\nusername 1 u8 more\n",
		       "own.layouts:2: cannot read the line that begins with 'username'; "
		       "'struct NAME SIZE', 'abi STRING' or 'MEMBER BYTE TYPE'");
	expect_refused("username 1 u8\n", "own.layouts:1: member before any struct: 'username'; "
					  "begin with 'struct NAME SIZE'");
	expect_refused("abi 2.4.ABIv1\n", "own.layouts:1: abi before any struct: '2.4.ABIv1'; "
					  "begin with 'struct'");
}

static void test_bad_numbers_are_refused(void **state)
{
	(void)state;
	expect_refused("struct a 0\n",
		       "own.layouts:1: bad size '0'; a number of bytes from 1 to 65536");
	expect_refused("struct a 65537\n",
		       "own.layouts:1: bad size '65537'; a number of bytes from 1 to 65536");
	expect_refused("struct a 8\nb -1 u8\n", "own.layouts:2: bad offset '-1'; "
						"BYTE, or BYTE.BIT with BIT 0 to 7");
	expect_refused("struct a 8\nb 1.8 bit\n", "own.layouts:2: bad offset '1.8'; "
						  "BYTE, or BYTE.BIT with BIT 0 to 7");
	expect_refused("struct a 8\nb 4294967296 u8\n", "own.layouts:2: bad offset '4294967296'; "
							"BYTE, or BYTE.BIT with BIT 0 to 7");
	expect_refused("struct a 8\nb 0 u8[0]\n",
		       "own.layouts:2: bad type 'u8[0]'; u8[N] with N of at least 1");
}

static void test_place_must_suit_the_type(void **state)
{
	(void)state;
	expect_refused("struct a 8\nb 1 bit\n",
		       "own.layouts:2: offset does not suit the type: '1'; "
		       "a bit has BYTE.BIT, everything else BYTE");
	expect_refused("struct a 8\nb 1.2 u8\n",
		       "own.layouts:2: offset does not suit the type: '1.2'; "
		       "a bit has BYTE.BIT, everything else BYTE");
}

static void test_member_outside_its_struct_is_refused(void **state)
{
	(void)state;
	expect_refused("struct a 8\nabi x\nb 1 ptr\n",
		       "own.layouts: struct a of 8 bytes, member b lies outside; "
		       "one of the two is wrong");
}

static void test_nested_member_needs_its_group(void **state)
{
	(void)state;
	expect_refused("struct a 8\nb.c 1 u8\n",
		       "own.layouts:2: no enclosing struct for 'b.c'; "
		       "list the part before the dot first, with type struct");
	expect_refused("struct a 8\nb 2 struct\nb.c 1 u8\n",
		       "own.layouts:3: no enclosing struct for 'b.c'; "
		       "list the part before the dot first, with type struct");
	expect_refused("struct a 8\nb 0 struct\nb.c.d 1 u8\n",
		       "own.layouts:3: nested too deep: 'b.c.d'; one level");
}

static void test_doubles_are_refused(void **state)
{
	(void)state;
	expect_refused("struct a 8\nb 0 u8\nb 1 u8\n",
		       "own.layouts:3: member listed twice: 'b'; once per struct");
	expect_refused("struct a 8\nabi x\nstruct a 9\nabi x\n",
		       "own.layouts:4: second layout of this struct for ABI 'x'; "
		       "an ABI string has one");
}

static void test_unknown_type_is_refused(void **state)
{
	(void)state;
	expect_refused("struct a 8\nabi x\nb 0 pointer\n",
		       "own.layouts: struct a, member b: no type 'pointer' for ABI x; "
		       "list that struct too");
	expect_refused("struct a 8\nabi x\nb 0 a\n",
		       "own.layouts: struct a, member b: no type 'a' for ABI x; "
		       "list that struct too");
}

/* --- as many as there may be, and one more --------------------------------------------------- */

static char many[200000];

/* The line, with the number in the place of each '@'. */
static void add(const char *line, unsigned int number)
{
	for (char *out = many + strlen(many); *line; line++, out += strlen(out)) {
		if (*line == '@')
			snprintf(out, 8, "%u", number);
		else
			snprintf(out, 2, "%c", *line);
	}
}

static void fill(const char *first, const char *line, unsigned int count)
{
	snprintf(many, sizeof(many), "%s", first);
	for (unsigned int i = 0; i < count; i++)
		add(line, i);
}

static void expect_limit(const char *first, const char *line, unsigned int limit,
			 const char *message)
{
	fill(first, line, limit);
	if (parse(many) < 0)
		fail_msg("%s", error.text);
	layout_table_release(&table);
	fill(first, line, limit + 1);
	expect_refused(many, message);
}

static void test_as_many_as_the_header_has(void **state)
{
	(void)state;
	expect_limit("", "struct s@ 8\n", LAYOUT_STRUCTS_MAX,
		     "own.layouts:129: too many structs at 's128'; at most 128");
	expect_limit("struct s 8\n", "abi 2.4.ABIv@\n", LAYOUT_ABIS_MAX,
		     "own.layouts:66: too many ABI strings at '2.4.ABIv64'; at most 64");
	expect_limit("struct s 800\n", "m@ @ u8\n", LAYOUT_MEMBERS_MAX,
		     "own.layouts:66: too many members at 'm64'; at most 64");
}

static void test_a_full_table_is_searched_to_its_end(void **state)
{
	(void)state;
	fill("", "struct s@ 8\nabi 2.4.ABIv1\n", LAYOUT_STRUCTS_MAX);
	assert_int_equal(parse(many), 0);
	assert_ptr_equal(layout_table_find(&table, "2.4.ABIv1", "s127"), &table.structs[127]);
	assert_null(layout_table_find(&table, "2.4.ABIv1", "s128"));
	assert_null(layout_table_find(&table, "2.4.ABIv1", ""));
	layout_table_release(&table);
	fill("struct s 8\n", "abi 2.4.ABIv@\n", LAYOUT_ABIS_MAX);
	assert_int_equal(parse(many), 0);
	assert_non_null(layout_table_find(&table, "2.4.ABIv63", "s"));
	assert_null(layout_table_find(&table, "", "s"));
	layout_table_release(&table);
}

static void test_names_and_numbers_have_a_limit(void **state)
{
	static const struct {
		const char *before;
		int len; /* as long as it may be */
		const char *behind;
	} rows[] = {
		{"struct ", LAYOUT_NAME_MAX - 1, " 8\n"},
		{"struct s 8\n", LAYOUT_NAME_MAX - 1, " 0 u8\n"},
		{"struct s 8\nabi ", ABI_MAX - 1, "\n"},
	};
	char name[ABI_MAX + 1];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		for (int more = 0; more < 2; more++) {
			memset(name, 'n', sizeof(name));
			name[rows[i].len + more] = '\0';
			snprintf(many, sizeof(many), "%s%s%s", rows[i].before, name,
				 rows[i].behind);
			assert_int_equal(parse(many), more ? -EINVAL : 0);
			layout_table_release(&table);
		}
	}
	assert_int_equal(parse("struct s 65536\nm 65535 u8\n"), 0);
	layout_table_release(&table);
	assert_int_equal(parse("struct s 65537\n"), -EINVAL);
	assert_int_equal(parse("struct s 0000065536\n"), -EINVAL); /* ten digits */
	assert_int_equal(parse("struct s 6/\n"), -EINVAL);
	assert_int_equal(parse("struct s 6:\n"), -EINVAL);
}

static void test_each_type_has_its_size(void **state)
{
	static const uint32_t sizes[] = {8, 1, 2, 4, 8, 4, 1, 0, 5};
	struct layout_member strange = {.type = LAYOUT_U8_ARRAY + 1};

	(void)state;
	assert_int_equal(parse("struct s 99\nabi 2.4.ABIv1\na 0 ptr\nb 8 u8\nc 9 u16\nd 11 u32\n"
			       "e 15 u64\nf 23 s32\ng 27.7 bit\nh 28 struct\ni 29 u8[5]\n"),
			 0);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		assert_int_equal(
			layout_member_size(&table, "2.4.ABIv1", &table.structs[0].members[i]),
			sizes[i]);
	assert_int_equal(layout_member_size(&table, "2.4.ABIv1", &strange), 0);
	layout_table_release(&table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole_table_is_read),
		cmocka_unit_test(test_empty_table_is_read),
		cmocka_unit_test(test_lines_that_mean_nothing_are_refused),
		cmocka_unit_test(test_bad_numbers_are_refused),
		cmocka_unit_test(test_place_must_suit_the_type),
		cmocka_unit_test(test_member_outside_its_struct_is_refused),
		cmocka_unit_test(test_nested_member_needs_its_group),
		cmocka_unit_test(test_doubles_are_refused),
		cmocka_unit_test(test_unknown_type_is_refused),
		cmocka_unit_test(test_as_many_as_the_header_has),
		cmocka_unit_test(test_a_full_table_is_searched_to_its_end),
		cmocka_unit_test(test_names_and_numbers_have_a_limit),
		cmocka_unit_test(test_each_type_has_its_size),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
