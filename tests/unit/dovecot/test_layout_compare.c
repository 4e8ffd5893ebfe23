/* SPDX-License-Identifier: MIT */
#include "../cmocka_all.h"
#include "dovecot/layout_compare.h"

#define ABI "2.9.ABIv1"

static void table_of(const char *members, struct layout_table *table_r)
{
	struct error error = {0};
	char text[512];

	(void)snprintf(text, sizeof(text), "struct mail_user 64\nabi " ABI "\n%s", members);
	if (layout_table_parse(slice_str(text), "test", table_r, &error) < 0)
		fail_msg("%s", error.text);
}

static void differ(const char *made_members, const char *known_members, const char *lines)
{
	struct layout_table made, known;
	struct buf out;
	size_t count = 0;

	table_of(made_members, &made);
	table_of(known_members, &known);
	for (const char *at = lines; *at; at++)
		count += *at == '\n';
	buf_init(&out, 4096);
	assert_int_equal(layout_compare(&made, &known, ABI, &out), count);
	assert_string_equal(buf_str(&out), lines);
	buf_release(&out);
	layout_table_release(&made);
	layout_table_release(&known);
}

static void the_same_differs_in_nothing(void **state)
{
	(void)state;
	differ("  username 8 ptr\n  admin 60.1 bit\n", "  username 8 ptr\n  admin 60.1 bit\n", "");
}

static void each_member_that_differs_is_named(void **state)
{
	(void)state;
	differ("  username 16 ptr\n", "  username 8 ptr\n",
	       "mail_user.username: at 16, in the layout at 8\n");
	differ("  admin 60.2 bit\n", "  admin 60.1 bit\n",
	       "mail_user.admin: at 60.2, in the layout at 60.1\n");
	differ("  uid 8 u64\n", "  uid 8 u32\n",
	       "mail_user.uid: at 8, in the layout at 8, and of another type\n");
	differ("  username 8 ptr\n  uid 16 u32\n", "  username 8 ptr\n  gid 16 u32\n",
	       "mail_user.uid: at 16, not in the layout\nmail_user.gid: only in the layout\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_same_differs_in_nothing),
		cmocka_unit_test(each_member_that_differs_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
