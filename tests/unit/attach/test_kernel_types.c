/* SPDX-License-Identifier: MIT */
/* Offsets out of BTF made here; and that this kernel has all that is asked for. */
#include <bpf/btf.h>
#include <errno.h>
#include <unistd.h>

#include "../cmocka_all.h"
#include "attach/kernel_types.h"

/*
 * struct inner { u64 first; u64 second; };
 * struct outer { u64 head; struct inner in; union { u64 old_name; struct inner new_name; }; };
 */
static struct btf *make(void)
{
	struct btf *btf = btf__new_empty();
	int word = btf__add_int(btf, "u64", 8, 0), inner, choice;

	inner = btf__add_struct(btf, "inner", 16);
	btf__add_field(btf, "first", word, 0, 0);
	btf__add_field(btf, "second", word, 64, 0);
	choice = btf__add_union(btf, NULL, 16);
	btf__add_field(btf, "old_name", word, 0, 0);
	btf__add_field(btf, "new_name", inner, 0, 0);
	btf__add_struct(btf, "outer", 40);
	btf__add_field(btf, "head", word, 0, 0);
	btf__add_field(btf, "in", inner, 64, 0);
	btf__add_field(btf, NULL, choice, 192, 0);
	return btf;
}

static void test_offsets(void **state)
{
	struct btf *btf = make();

	(void)state;
	assert_int_equal(kernel_types_offset(btf, "outer", "head"), 0);
	assert_int_equal(kernel_types_offset(btf, "outer", "in"), 8);
	assert_int_equal(kernel_types_offset(btf, "outer", "in.second"), 16);
	assert_int_equal(kernel_types_offset(btf, "outer", "old_name"), 24);
	assert_int_equal(kernel_types_offset(btf, "outer", "new_name.second"), 32);
	btf__free(btf);
}

static void test_the_first_name_that_is_there(void **state)
{
	struct btf *btf = make();

	(void)state;
	assert_int_equal(kernel_types_offset(btf, "outer", "newest|new_name.second|head"), 32);
	assert_int_equal(kernel_types_offset(btf, "outer", "newest|older"), -ENOENT);
	btf__free(btf);
}

static void test_what_is_not_there(void **state)
{
	struct btf *btf = make();

	(void)state;
	assert_int_equal(kernel_types_offset(btf, "outer", "hea"), -ENOENT);
	assert_int_equal(kernel_types_offset(btf, "outer", "head.first"), -ENOENT);
	assert_int_equal(kernel_types_offset(btf, "missing", "head"), -ENOENT);
	btf__free(btf);
}

static void test_this_kernel(void **state)
{
	uint32_t offsets[DOVETAP_KERNEL_COUNT];
	struct error error = {0};

	(void)state;
	if (getuid() != 0 || access("/sys/kernel/btf/vmlinux", R_OK) < 0)
		skip();
	if (kernel_types_find(offsets, &error) == DOVETAP_KERNEL_NOT)
		fail_msg("%s", error.text);
	assert_int_equal(offsets[DOVETAP_KERNEL_USER_NS_EXTENTS] % 4, 0);
	assert_int_not_equal(offsets[DOVETAP_KERNEL_TASK_PARENT],
			     offsets[DOVETAP_KERNEL_TASK_CRED]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_offsets),
		cmocka_unit_test(test_the_first_name_that_is_there),
		cmocka_unit_test(test_what_is_not_there),
		cmocka_unit_test(test_this_kernel),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
