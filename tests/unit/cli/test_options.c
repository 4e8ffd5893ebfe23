/* SPDX-License-Identifier: MIT */
#include "../cmocka_all.h"
#include "cli/name_list.h"
#include "cli/options.h"
#include "cli/report.h"

static error_t parse(const struct argp *argp, void *input, const char *const *words)
{
	int argc = 0;

	while (words[argc])
		argc++;
	return argp_parse(argp, argc, (char **)words, ARGP_SILENT | ARGP_NO_EXIT, NULL, input);
}

struct members {
	const char *before, *word, *behind;
	bool first, flag, last;
};

static const struct argp_option rows[] = {
	{"word", OPTION_WORD(struct members, word), "WORD", 0, "", 0},
	{"flag", OPTION_FLAG(struct members, flag), NULL, 0, "", 0},
	{0},
};

static void a_row_sets_its_member_and_no_other(void **state)
{
	static const struct argp argp = {.options = rows, .parser = option_take};
	static const char *const words[] = {"x", "--word=w", "--flag", NULL};
	struct members members = {.before = "b"};

	(void)state;
	assert_int_equal(parse(&argp, &members, words), 0);
	assert_string_equal(members.word, "w");
	assert_true(members.flag);
	assert_string_equal(members.before, "b");
	assert_null(members.behind);
	assert_false(members.first || members.last);
}

static void other_keys_are_unknown(void **state)
{
	static const int keys[] = {0,	    'j',	   256,		 OPTION_WORDS - 1,
				   0x30000, ARGP_KEY_ARGS, ARGP_KEY_END, ARGP_KEY_INIT};
	struct argp_state argp_state = {.input = NULL};

	(void)state;
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		assert_int_equal(option_take(keys[i], NULL, &argp_state), ARGP_ERR_UNKNOWN);
}

static void changes_are_those_of_a_running_one_or_not(void **state)
{
	static const char *const both[] = {"x", "--control=/c", "--dry-run", NULL};
	static const char *const one[] = {"x", "--dry-run", NULL};
	struct change_options change = {.dry_run = false};

	(void)state;
	assert_int_not_equal(parse(&dry_run_argp, &change, both), 0);
	assert_int_equal(parse(&dry_run_argp, &change, one), 0);
	assert_true(change.dry_run);
	change.dry_run = false;
	assert_int_equal(parse(&change_argp, &change, both), 0);
	assert_true(change.dry_run);
	assert_string_equal(change.control, "/c");
}

static void who_asks_names_a_file_or_a_socket(void **state)
{
	static const char *const words[] = {"x", "-c", "/f", "--control", "/c", NULL};
	struct control_options control = {.config = NULL};

	(void)state;
	assert_int_equal(parse(&control_argp, &control, words), 0);
	assert_string_equal(control.config, "/f");
	assert_string_equal(control.control, "/c");
}

static void names_are_words_and_a_file(void **state)
{
	const char *from[] = {"x", "--from=/f", "-0", "a", "--", "-b", NULL}; /* argp sorts them */
	static const char *const users[] = {"x", "--users=/u", NULL};
	struct names_options names = {.words = NULL}, others = {.words = NULL};

	(void)state;
	assert_int_equal(parse(&names_argp, &names, from), 0);
	assert_string_equal(names.file, "/f");
	assert_true(names.nul);
	assert_int_equal(names.word_count, 2);
	assert_string_equal(names.words[0], "a");
	assert_string_equal(names.words[1], "-b");
	assert_int_not_equal(parse(&users_argp, &others, from), 0);
	assert_int_equal(parse(&users_argp, &others, users), 0);
	assert_string_equal(others.file, "/u");
	assert_int_equal(others.word_count, 0);
}

static void a_form_is_one_of_three(void **state)
{
	static const char *const json[] = {"x", "-j", NULL}, *const csv[] = {"x", "--csv", NULL};
	enum report_form form = REPORT_TABLE;

	(void)state;
	assert_int_equal(parse(&form_argp, &form, json), 0);
	assert_int_equal(form, REPORT_JSON);
	assert_int_equal(parse(&form_argp, &form, csv), 0);
	assert_int_equal(form, REPORT_CSV);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_row_sets_its_member_and_no_other),
		cmocka_unit_test(other_keys_are_unknown),
		cmocka_unit_test(changes_are_those_of_a_running_one_or_not),
		cmocka_unit_test(who_asks_names_a_file_or_a_socket),
		cmocka_unit_test(names_are_words_and_a_file),
		cmocka_unit_test(a_form_is_one_of_three),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
