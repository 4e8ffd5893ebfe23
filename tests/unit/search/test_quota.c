/* SPDX-License-Identifier: MIT */
#include <errno.h>

#include "../cmocka_all.h"
#include "search/quota.h"

static const struct quota_limits limits = {"files", 20, 10, 5, 4};

/* What quota_check() answers for one more of owner beside so many entries of another. */
static int after(size_t entries, struct quota_owner of, struct quota_owner owner,
		 struct error *error_r)
{
	struct quota quota;

	quota_init(&quota, &limits, &owner);
	for (size_t i = 0; i < entries; i++)
		quota_count(&quota, &of);
	return quota_check(&quota, error_r);
}

static void assert_limit(size_t limit, struct quota_owner of, struct quota_owner owner,
			 const char *text)
{
	struct error error = {0};

	assert_int_equal(after(limit - 1, of, owner, &error), 0);
	assert_int_equal(after(limit, of, owner, &error), -EDQUOT);
	assert_int_equal(error.code, EDQUOT);
	assert_string_equal(error.text, text);
	assert_int_equal(after(limit + 1, of, owner, NULL), -EDQUOT);
}

static void test_root_on_the_host_has_all(void **state)
{
	const struct quota_owner root = {.uid = 0, .namespace = 0};

	(void)state;
	assert_limit(20, root, root, "20 files are known, the limit: one more is not taken");
}

static void test_a_container_has_its_part(void **state)
{
	const struct quota_owner inside = {.uid = 0, .namespace = 7};
	const struct quota_owner user = {.uid = 1000, .namespace = 7};
	const struct quota_owner other = {.uid = 0, .namespace = 8};

	(void)state;
	assert_limit(
		4, inside, inside,
		"4 files of this container are known, the limit of one: one more is not taken");
	assert_int_equal(after(4, user, inside, NULL), -EDQUOT);
	assert_int_equal(after(19, inside, other, NULL), 0);
}

static void test_a_user_has_a_part(void **state)
{
	const struct quota_owner user = {.uid = 1000}, other = {.uid = 1001}, root = {.uid = 0};

	(void)state;
	assert_limit(5, user, user,
		     "5 files of user 1000 are known, the limit of one: one more is not taken");
	assert_limit(
		10, other, user,
		"10 files of users other than root are known, the limit: one more is not taken");
	assert_int_equal(after(19, user, root, NULL), 0);
	assert_int_equal(after(9, root, user, NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_root_on_the_host_has_all),
		cmocka_unit_test(test_a_container_has_its_part),
		cmocka_unit_test(test_a_user_has_a_part),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
