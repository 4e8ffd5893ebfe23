/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <unistd.h>

#include "proof/remembered.h"
#include "proof_case.h"

static char path[] = "/tmp/dovetap-remembered-XXXXXX";
static struct error error;

static void on_decided(const struct proof_file *file, void *context)
{
	(void)file;
	(void)context;
}

static void a_line_has_all(void **state)
{
	struct remembered found;

	(void)state;
	assert_true(remembered_parse(
		slice_str("1 00000000000000ff refused conn.remote_ip /a b/libdovecot-storage.so.0"),
		&found));
	assert_true(found.key == 0xff);
	assert_int_equal(found.state, PROOF_REFUSED);
	assert_string_equal(found.member, "conn.remote_ip");
	assert_string_equal(found.path, "/a b/libdovecot-storage.so.0");
}

static void what_is_no_line_is_refused(void **state)
{
	static const char *const lines[] = {
		"",
		"1",
		"2 00000000000000ff refused - /p",
		"1 0 refused - /p",
		"1 00000000000000ff open - /p",
		"1 zz refused - /p",
		"1 00000000000000ff what - /p",
		"1 00000000000000ff",
	};
	struct remembered found;

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		assert_false(remembered_parse(slice_str(lines[i]), &found));
}

/* Proofs are taken up again; a refusal is only shown. A line end in a path ends no line. */
static void what_is_saved_is_loaded(void **state)
{
	struct judge *judge, *next;
	struct remembered found;

	(void)state;
	close(mkstemp(path));
	assert_int_equal(judge_new(on_decided, NULL, &judge, &error), 0);
	judge_remember(judge, 0x11, PROOF_BY_LOGIN, "/one\n1 0000000000000044 refused - /x");
	judge_remember(judge, 0x22, PROOF_REFUSED, "/two");
	judge_remember(judge, 0x33, PROOF_OPEN, "/three");
	assert_int_equal(remembered_save(judge, path, &error), 0);
	assert_int_equal(judge_new(on_decided, NULL, &next, &error), 0);
	assert_int_equal(remembered_load(next, path, &error), 0);
	assert_int_equal(judge_next(next, NULL)->state, PROOF_BY_LOGIN);
	assert_null(judge_next(next, judge_next(next, NULL)));
	assert_true(remembered_find(path, 0x22, &found));
	assert_int_equal(found.state, PROOF_REFUSED);
	assert_string_equal(found.path, "/two");
	assert_false(remembered_find(path, 0x33, &found));
	assert_false(remembered_find(path, 0x44, &found));
	judge_free(&next);
	judge_free(&judge);
	unlink(path);
}

static void no_file_is_nothing(void **state)
{
	struct remembered found;
	struct judge *judge;

	(void)state;
	assert_int_equal(judge_new(on_decided, NULL, &judge, &error), 0);
	assert_int_equal(remembered_load(judge, "/nowhere/layouts", &error), 0);
	assert_true(remembered_load(judge, "/", &error) < 0);
	assert_true(remembered_save(judge, "/nowhere/layouts", &error) < 0);
	assert_false(remembered_find("/nowhere/layouts", 1, &found));
	judge_free(&judge);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_has_all),
		cmocka_unit_test(what_is_no_line_is_refused),
		cmocka_unit_test(what_is_saved_is_loaded),
		cmocka_unit_test(no_file_is_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
