/* SPDX-License-Identifier: MIT */
/* What is made of a table and read back is the table, byte for byte. */
#include <bpf/btf.h>

#include "../cmocka_all.h"
#include "dovecot/layout_btf.h"
#include "dovecot/layout_print.h"
#include "dovecot/layout_read.h"

#define ABI "2.9.ABIv1"

static struct layout_table parse(const char *text)
{
	struct layout_table table = {0};
	struct error error = {0};

	if (layout_table_parse(slice_str(text), "t", &table, &error) < 0)
		fail_msg("%s", error.text);
	return table;
}

static struct btf *make(const char *text)
{
	struct layout_table table = parse(text);
	struct btf *btf = NULL;
	struct error error = {0};

	if (layout_btf_make(&table, ABI, &btf, &error) < 0)
		fail_msg("%s", error.text);
	layout_table_release(&table);
	return btf;
}

/* Each type stands first, last and in between; a group has members on either side. */
static const char whole[] = "struct ip_addr 20\n"
			    "abi 2.9.ABIv1\n"
			    "\tfamily                       0      u16\n"
			    "\tu6                           4      u8[16]\n"
			    "\n"
			    "struct mail_user 300\n"
			    "abi 2.9.ABIv1\n"
			    "\tusername                     8      ptr\n"
			    "\tsigned                       16     s32\n"
			    "\tunsigned                     20     u32\n"
			    "\tbig                          24     u64\n"
			    "\tsmall                        32     u8\n"
			    "\tconn                         112    struct\n"
			    "\tconn.local_ip                120    ptr\n"
			    "\tconn.remote_ip               128    ptr\n"
			    "\tconn.port                    136    u16\n"
			    "\tadmin                        273.5  bit\n"
			    "\tservice                      280    ptr\n"
			    "\n"
			    "struct auth_request 100\n"
			    "abi 2.9.ABIv1\n"
			    "\tremote_ip                    80     ip_addr\n";

static void what_is_read_back_is_the_same(void **state)
{
	struct layout_table table = {.structs = calloc(LAYOUT_STRUCTS_MAX, sizeof(*table.structs))};
	struct btf *btf = make(whole);
	struct error error = {0};
	struct buf text;

	(void)state;
	assert_int_equal(layout_read_btf(btf, btf, ABI, &table, &error), 3);
	buf_init(&text, 1U << 20);
	layout_table_print(&text, &table);
	assert_string_equal(buf_str(&text), whole);
	assert_int_equal(layout_read_btf(btf, btf, ABI, &table, &error), 0); /* they are there */
	buf_release(&text);
	layout_table_release(&table);
	btf__free(btf);
}

static const struct btf_type *find(const struct btf *btf, const char *name)
{
	int id = btf__find_by_name_kind(btf, name, BTF_KIND_STRUCT);

	assert_true(id > 0);
	return btf__type_by_id(btf, (uint32_t)id);
}

/* The programs relocate against it as libbpf does: size of structs, signs, sizes and bits. */
static void it_is_what_a_compiler_would_say(void **state)
{
	static const struct {
		uint32_t bits, size, encoding, bit_size;
	} want[] = {{64, 8, 0, 0},	    {128, 4, BTF_INT_SIGNED, 0},
		    {160, 4, 0, 0},	    {192, 8, 0, 0},
		    {256, 1, 0, 0},	    {112 * 8, 26, 0, 0},
		    {273 * 8 + 5, 1, 0, 1}, {280 * 8, 8, 0, 0}};
	struct btf *btf = make(whole);
	const struct btf_type *user = find(btf, "mail_user");

	(void)state;
	assert_int_equal(user->size, 300);
	assert_int_equal(btf_vlen(user), sizeof(want) / sizeof(want[0]));
	for (uint32_t i = 0; i < btf_vlen(user); i++) {
		uint32_t id = btf_members(user)[i].type;
		const struct btf_type *type = btf__type_by_id(btf, id);

		assert_int_equal(btf_member_bit_offset(user, i), want[i].bits);
		assert_int_equal(btf_member_bitfield_size(user, i), want[i].bit_size);
		assert_int_equal(btf__resolve_size(btf, id), want[i].size);
		if (btf_is_int(type))
			assert_int_equal(btf_int_encoding(type), want[i].encoding);
	}
	btf__free(btf);
}

static void unnamed_structs_are_looked_into(void **state)
{
	struct layout_table table = {.structs = calloc(LAYOUT_STRUCTS_MAX, sizeof(*table.structs))};
	struct btf *programs = make("struct ip_addr 4\nabi " ABI "\nfamily 0 u16\n"
				    "struct mail_user 8\nabi " ABI "\nhidden 0 u16\nplain 2 u8\n"
				    "struct auth_request 8\nabi " ABI "\nx 0 u8\n");
	struct btf *theirs = btf__new_empty();
	int number = btf__add_int(theirs, "u16", 2, 0), inner = btf__add_struct(theirs, NULL, 8);
	struct error error = {0};

	(void)state;
	assert_int_equal(btf__add_field(theirs, "other", number, 0, 0), 0);
	assert_int_equal(btf__add_field(theirs, "hidden", number, 32, 0), 0);
	assert_true(btf__add_struct(theirs, "mail_user", 40) > 0);
	assert_int_equal(btf__add_field(theirs, "", inner, 64, 0), 0);
	assert_int_equal(btf__add_field(theirs, "plain", number, 256, 0), 0);
	assert_int_equal(layout_read_btf(programs, theirs, ABI, &table, &error), 1);
	assert_int_equal(table.structs[0].size, 40);
	assert_int_equal(table.structs[0].member_count, 2);
	assert_string_equal(table.structs[0].members[0].name, "hidden");
	assert_int_equal(table.structs[0].members[0].byte, 12);
	assert_int_equal(table.structs[0].members[1].byte, 32);
	layout_table_release(&table);
	btf__free(theirs);
	btf__free(programs);
}

#define OF(members) "struct mail_user 64\nabi " ABI "\n" members
#define REST                                                                                       \
	"struct ip_addr 4\nabi " ABI "\nfamily 0 u16\nstruct auth_request 8\nabi " ABI "\nx 0 u8\n"

static void another_kind_is_refused_by_name(void **state)
{
	static const struct {
		const char *ours, *theirs, *text;
	} rows[] = {
		{OF("m 0 ptr\n"), OF("m 0 u64\n"), "struct mail_user, member m: is no pointer"},
		{OF("m 0 struct\nm.x 0 u8\n"), OF("m 0 u64\n"),
		 "struct mail_user, member m: is no struct"},
		{OF("m 0 u8[16]\n"), OF("m 0 u8[15]\n"),
		 "struct mail_user, member m: is too short"},
		{OF("m 0 u8\n"), OF("m 0 u8[3]\n"),
		 "struct mail_user, member m: no number of 1, 2, 4 or 8 bytes"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct layout_table table = {
			.structs = calloc(LAYOUT_STRUCTS_MAX, sizeof(*table.structs))};
		char text[600];
		struct btf *ours, *theirs;
		struct error error = {0};

		snprintf(text, sizeof(text), "%s%s", rows[i].ours, REST);
		ours = make(text);
		snprintf(text, sizeof(text), "%s%s", rows[i].theirs, REST);
		theirs = make(text);
		assert_int_equal(layout_read_btf(ours, theirs, ABI, &table, &error), -EINVAL);
		assert_string_equal(error.text, rows[i].text);
		layout_table_release(&table);
		btf__free(ours);
		btf__free(theirs);
	}
}

/* Each of them is asked for, the first and the last as well. */
static void what_is_needed_is_asked_for(void **state)
{
	static const char *const needed[] = {
		"mail_user username 0 ptr",
		"mail_user service 8 ptr",
		"mail_user conn.remote_ip 24 ptr",
		"mail_user autocreated 40.0 bit",
		"mail_user session_restored 40.1 bit",
		"auth_request handler 0 ptr",
		"auth_request user 8 ptr",
		"auth_request mech_name 16 ptr",
	};
	const size_t count = sizeof(needed) / sizeof(needed[0]);

	(void)state;
	for (size_t without = 0; without <= count; without++) {
		char text[1000];
		struct layout_table table;
		struct error error = {0};
		size_t len = 0;

		for (size_t in = 0; in < 2; in++) {
			const char *name = in ? "auth_request" : "mail_user";

			len += (size_t)snprintf(text + len, sizeof(text) - len,
						"struct %s 64\nabi " ABI "\n%s", name,
						in ? "" : "conn 16 struct\n");
			for (size_t i = 0; i < count; i++) {
				if (i != without && strncmp(needed[i], name, strlen(name)) == 0)
					len += (size_t)snprintf(text + len, sizeof(text) - len,
								"%s\n", strchr(needed[i], ' '));
			}
		}
		table = parse(text);
		assert_int_equal(layout_read_check(&table, ABI, &error),
				 without < count ? -ENOENT : 0);
		layout_table_release(&table);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_read_back_is_the_same),
		cmocka_unit_test(it_is_what_a_compiler_would_say),
		cmocka_unit_test(unnamed_structs_are_looked_into),
		cmocka_unit_test(another_kind_is_refused_by_name),
		cmocka_unit_test(what_is_needed_is_asked_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
