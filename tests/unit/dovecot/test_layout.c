/* SPDX-License-Identifier: MIT */
/* The embedded layouts: found by the whole ABI string, refused by name, right where it matters. */
#include <bpf/btf.h>
#include <string.h>
#include <unistd.h>

#include "../cmocka_all.h"
#include "dovecot/layout.h"

static const struct btf_member *member_of(const struct btf *btf, const struct btf_type *type,
					  const char *name)
{
	const struct btf_member *member = btf_members(type);

	for (int i = 0; i < btf_vlen(type); i++, member++) {
		if (strcmp(btf__name_by_offset(btf, member->name_off), name) == 0)
			return member;
	}
	return NULL;
}

/* Offset in bits of struct_name.member in an embedded layout. */
static unsigned int bits_of(const char *abi, const char *struct_name, const char *name)
{
	const struct layout *layout = layout_find(abi);
	const struct btf_member *member;
	const struct btf_type *type;
	unsigned int bits;
	struct btf *btf;

	assert_non_null(layout);
	btf = btf__new(layout->btf, (unsigned int)layout->btf_size);
	assert_non_null(btf);
	type = btf__type_by_id(
		btf, (unsigned int)btf__find_by_name_kind(btf, struct_name, BTF_KIND_STRUCT));
	assert_non_null(type);
	member = member_of(btf, type, name);
	assert_non_null(member);
	bits = btf_member_bit_offset(type, (unsigned int)(member - btf_members(type)));
	btf__free(btf);
	return bits;
}

static void test_every_release_is_there(void **state)
{
	(void)state;
	assert_int_equal(layouts_embedded_count, 43);
	assert_non_null(layout_find("2.3.ABIv0(2.3.0)"));
	assert_non_null(layout_find("2.3.ABIv13(2.3.13)"));
	assert_non_null(layout_find("2.3.ABIv19(2.3.19.1)"));
	assert_non_null(layout_find("2.4.ABIv5"));
}

static void test_only_the_whole_string_is_known(void **state)
{
	(void)state;
	assert_null(layout_find("2.3.ABIv19"));
	assert_null(layout_find("2.3.ABIv19(2.3.19.2)"));
	assert_null(layout_find("2.4.ABIv1 "));
	assert_null(layout_find(""));
}

static void test_unknown_abi_is_refused_by_name(void **state)
{
	const struct layout *layout = NULL;
	struct error error = {0};

	(void)state;
	assert_int_equal(layout_require("2.9.ABIv0", &layout, &error), -ENOENT);
	assert_null(layout);
	assert_non_null(strstr(error.text, "unknown Dovecot ABI '2.9.ABIv0'"));
	assert_non_null(strstr(error.text, "dovetap layout"));
}

/* Figures from the headers of these releases, not from the table. */
static void test_members_lie_where_the_headers_put_them(void **state)
{
	(void)state;
	assert_int_equal(bits_of("2.3.ABIv0(2.3.0)", "mail_user", "session_restored"), 273 * 8 + 7);
	assert_int_equal(bits_of("2.3.ABIv0(2.3.0)", "auth_request", "successful"), 425 * 8 + 2);
	assert_int_equal(bits_of("2.3.ABIv13(2.3.13)", "auth_request", "policy_refusal"),
			 466 * 8 + 6);
	assert_int_equal(bits_of("2.3.ABIv19(2.3.19.1)", "mail_user", "auth_user"), 152 * 8);
	assert_int_equal(bits_of("2.4.ABIv1", "mail_user", "protocol"), 96 * 8);
	assert_int_equal(bits_of("2.4.ABIv4", "auth_request", "policy_refusal"), 554 * 8 + 5);
	assert_int_equal(bits_of("2.4.ABIv5", "auth_request", "policy_refusal"), 554 * 8 + 6);
	assert_int_equal(bits_of("2.4.ABIv5", "client", "session_id"), 440 * 8);
}

static void test_equal_layouts_share_a_blob(void **state)
{
	(void)state;
	assert_ptr_equal(layout_find("2.4.ABIv3")->btf, layout_find("2.4.ABIv4")->btf);
	assert_ptr_not_equal(layout_find("2.4.ABIv4")->btf, layout_find("2.4.ABIv5")->btf);
}

static void test_memory_file_holds_the_blob(void **state)
{
	const struct layout *layout = layout_find("2.4.ABIv5");
	char path[LAYOUT_PATH_MAX];
	struct error error = {0};
	struct btf *btf;
	int fd;

	(void)state;
	fd = layout_open(layout, path, &error);
	assert_true(fd >= 0);
	btf = btf__parse(path, NULL);
	assert_non_null(btf);
	assert_true(btf__find_by_name_kind(btf, "mail_user", BTF_KIND_STRUCT) > 0);
	btf__free(btf);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_release_is_there),
		cmocka_unit_test(test_only_the_whole_string_is_known),
		cmocka_unit_test(test_unknown_abi_is_refused_by_name),
		cmocka_unit_test(test_members_lie_where_the_headers_put_them),
		cmocka_unit_test(test_equal_layouts_share_a_blob),
		cmocka_unit_test(test_memory_file_holds_the_blob),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
