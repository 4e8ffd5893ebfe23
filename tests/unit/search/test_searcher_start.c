/* SPDX-License-Identifier: MIT */
/* What a searcher that is started by exec begins with. */
#include <stdlib.h>
#include <string.h>

#include "../cmocka_all.h"
#include "dovecot/layout_own.h"
#include "search/search_wire.h"

static const char *const roots[] = {"/one", "/two", NULL};
static const struct search_restored restored[] = {
	{PRIV_ROLE_AUTH, {.ino = 5, .size = 6}},
	{PRIV_ROLE_PROXY, {.ino = 7}},
	{0},
};

static struct searcher_start example(void)
{
	return (struct searcher_start){
		.options = {.roots = roots, .processes = true, .roles = 6, .fuse = true},
		.restored = restored,
		.rights = SEARCH_NO_SANDBOX,
		.owner = 77,
	};
}

static void pack(struct buf *out)
{
	const struct searcher_start start = example();

	assert_int_equal(layouts_own_add("2.9.ABIv1", "/x", (struct slice){"btf", 3}, NULL), 0);
	buf_init(out, 1U << 16);
	searcher_start_pack(&start, out);
	assert_int_equal(out->failed, 0);
	layouts_own_unload();
}

static void all_of_it_comes_over(void **state)
{
	const char *texts[SEARCHER_ROOTS_MAX + 1] = {NULL};
	struct searcher_start got;
	struct buf bytes;

	(void)state;
	pack(&bytes);
	assert_int_equal(searcher_start_unpack(buf_slice(&bytes), &got, texts, NULL), 0);
	assert_int_equal(got.rights, SEARCH_NO_SANDBOX);
	assert_int_equal(got.owner, 77);
	assert_true(got.options.processes && got.options.fuse);
	assert_int_equal(got.options.roles, 6);
	assert_string_equal(got.options.roots[0], "/one");
	assert_string_equal(got.options.roots[1], "/two");
	assert_null(got.options.roots[2]);
	assert_int_equal(got.restored[0].role, PRIV_ROLE_AUTH);
	assert_int_equal(got.restored[0].id.size, 6);
	assert_int_equal(got.restored[1].id.ino, 7);
	assert_int_equal(got.restored[2].role, 0);
	assert_int_equal(layouts_own_find("2.9.ABIv1")->btf_size, 3);
	free((void *)got.restored);
	layouts_own_unload();
	buf_release(&bytes);
}

static void each_cut_is_refused(void **state)
{
	const char *texts[SEARCHER_ROOTS_MAX + 1] = {NULL};
	struct searcher_start got;
	struct error error = {0};
	struct buf bytes;

	(void)state;
	pack(&bytes);
	for (size_t len = 0; len < bytes.len; len++) {
		char *cut = malloc(len + 1);

		assert_non_null(cut);
		memcpy(cut, bytes.data, len);
		assert_int_equal(
			searcher_start_unpack((struct slice){cut, len}, &got, texts, &error),
			-EINVAL);
		layouts_own_unload();
		free(cut);
	}
	assert_string_equal(error.text, "what the searcher is to begin with is broken");
	buf_release(&bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_of_it_comes_over),
		cmocka_unit_test(each_cut_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
