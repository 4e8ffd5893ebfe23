/* SPDX-License-Identifier: MIT */
/* The object does not load with a layout that it would read wrong. (With every embedded one it
 * does: test_layouts.c.) */
#include <bpf/btf.h>

#include "dovecot/layout_btf.h"
#include "login_object.h"
#include "unit/cmocka_all.h"

#define ABI "2.4.ABIv1"

static void want_mail_user(struct login_bpf *skel)
{
	login_object_want_only(skel, skel->progs.mail_user_created);
}

/* Changes one member of the ABI's mail_user, makes BTF of it and tries to load with that. */
static bool loads_with(const char *member, uint32_t byte)
{
	struct layout layout = {.abi = ABI, .name = ABI};
	struct layout_table table;
	struct layout_struct *user;
	struct error error = {0};
	struct btf *btf = NULL;
	unsigned int size;
	bool loads;

	login_table_read(&table);
	user = (struct layout_struct *)layout_table_find(&table, ABI, "mail_user");
	for (size_t i = 0; i < user->member_count; i++) {
		if (strcmp(user->members[i].name, member) == 0)
			user->members[i].byte = byte;
	}
	assert_int_equal(layout_btf_make(&table, ABI, &btf, &error), 0);
	layout.btf = btf__raw_data(btf, &size);
	layout.btf_size = size;
	loads = login_object_loads(&layout, want_mail_user);
	btf__free(btf);
	layout_table_release(&table);
	return loads;
}

/* Members are taken from stretches of memory that are copied as a whole. */
static void test_member_outside_its_stretch_does_not_load(void **state)
{
	(void)state;
	assert_true(loads_with("auth_mech", 160));
	assert_false(loads_with("auth_mech", 400));
	assert_false(loads_with("service", 8));
	assert_false(loads_with("admin", 300));
}

static void test_stretch_that_is_too_long_does_not_load(void **state)
{
	(void)state;
	assert_true(loads_with("error", 224));
	assert_false(loads_with("error", 248));
	assert_false(loads_with("session_restored", 420));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_member_outside_its_stretch_does_not_load),
		cmocka_unit_test(test_stretch_that_is_too_long_does_not_load),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
