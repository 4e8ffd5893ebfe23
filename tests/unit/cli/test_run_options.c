/* SPDX-License-Identifier: MIT */
#include <sysexits.h>

#include "cli/run_options.h"
#include "ended.h"
#include "plan_of.h"

static struct run_options parse(const char *const *words)
{
	struct run_options run;
	int argc = 0;

	while (words[argc])
		argc++;
	run_options_parse(argc, (char **)words, &run);
	return run;
}

static void each_option_has_its_member(void **state)
{
	const char *const words[] = {"run",	      "--live",	      "--record=/r", "--user=u",
				     "--attach=perf", "--control=/c", "--pin=/p",    "--debug",
				     "--root=/a",     "--config=/f",  "--dict=d:",   NULL};
	const struct run_options run = parse(words);

	(void)state;
	assert_true(run.live);
	assert_string_equal(run.record, "/r");
	assert_string_equal(run.user, "u");
	assert_int_equal(run.method, ATTACH_PERF);
	assert_string_equal(run.control, "/c");
	assert_string_equal(run.pin, "/p");
	assert_int_equal(run.level, LOG_LEVEL_DEBUG);
	assert_string_equal(run.roots.dirs[0], "/a");
	assert_string_equal(run.config.path, "/f");
	assert_string_equal(run.config.dict, "d:");
}

static void without_options_nothing_is_set(void **state)
{
	const char *const words[] = {"run", NULL};
	const struct run_options run = parse(words);

	(void)state;
	assert_false(run.live);
	assert_null(run.record);
	assert_null(run.control);
	assert_null(run.pin);
	assert_null(run.user);
	assert_null(run.config.path);
	assert_int_equal(run.method, ATTACH_AUTO);
	assert_int_equal(run.roots.count, 0);
	assert_int_equal(run.level, LOG_LEVEL_ERROR);
}

static void each_method_has_its_name(void **state)
{
	const char *const multi[] = {"run", "--attach=multi", NULL};
	const char *const any[] = {"run", "--attach=multi", "--attach=auto", NULL};

	(void)state;
	assert_int_equal(parse(multi).method, ATTACH_MULTI);
	assert_int_equal(parse(any).method, ATTACH_AUTO);
}

static void parse_two(const void *context)
{
	const char *const words[] = {"run", context, NULL};

	(void)parse(words);
}

static void wrong_words_end_the_process(void **state)
{
	char text[20000];

	(void)state;
	assert_int_equal(status_of(parse_two, "--attach=x", text, sizeof(text)), EX_USAGE);
	expect_text(text, "--attach=x: one of auto, multi, perf");
	assert_int_equal(status_of(parse_two, "--nonsense", text, sizeof(text)), EX_USAGE);
	assert_int_equal(status_of(parse_two, "word", text, sizeof(text)), EX_USAGE);
	assert_int_equal(status_of(parse_two, "--help", text, sizeof(text)), 0);
	expect_text(text, "--record=FILE");
}

static void an_option_overrides_its_setting(void **state)
{
	struct plan *plan =
		plan_of("dovetap {\n control_socket = /sc\n user = su\n pin = /sp\n}\n");
	const struct run_options none = {.level = LOG_LEVEL_ERROR};
	const struct run_options all = {.control = "/oc", .user = "ou", .pin = "/op"};

	(void)state;
	assert_string_equal(run_options_control(&none, plan), "/sc");
	assert_string_equal(run_options_user(&none, plan), "su");
	assert_string_equal(run_options_pin(&none, plan), "/sp");
	assert_string_equal(run_options_control(&all, plan), "/oc");
	assert_string_equal(run_options_user(&all, plan), "ou");
	assert_string_equal(run_options_pin(&all, plan), "/op");
	plan_free(&plan);
}

static void the_level_is_the_greater_of_the_two(void **state)
{
	struct plan *plan = plan_of("dovetap {\n log_level = warning\n}\n");
	const struct run_options low = {.level = LOG_LEVEL_ERROR};
	const struct run_options high = {.level = LOG_LEVEL_DEBUG};

	(void)state;
	assert_int_equal(run_options_level(&low, plan), LOG_LEVEL_WARNING);
	assert_int_equal(run_options_level(&high, plan), LOG_LEVEL_DEBUG);
	plan_free(&plan);
}

static void the_sink_is_the_setting(void **state)
{
	struct plan *to_stderr = plan_of("dovetap {\n log = stderr\n}\n");
	struct plan *to_syslog = plan_of("dovetap {\n log = syslog\n}\n");
	struct plan *to_journal = plan_of("dovetap {\n log = journal\n}\n");

	(void)state;
	assert_int_equal(unsetenv("JOURNAL_STREAM"), 0);
	assert_int_equal(run_options_sink(to_stderr), LOG_SINK_STDERR);
	assert_int_equal(run_options_sink(to_syslog), LOG_SINK_SYSLOG);
	assert_int_equal(run_options_sink(to_journal), LOG_SINK_JOURNAL);
	plan_free(&to_stderr);
	plan_free(&to_syslog);
	plan_free(&to_journal);
}

static void log_both(const void *context)
{
	const struct run_options run = {.level = LOG_LEVEL_ERROR};

	run_options_log(&run, context);
	log_info("quiet");
	log_warning("loud");
}

static void the_log_is_set_from_both(void **state)
{
	struct plan *plan = plan_of("dovetap {\n log_level = warning\n}\n");
	char text[1000];

	(void)state;
	assert_int_equal(status_of(log_both, plan, text, sizeof(text)), 0);
	assert_string_equal(text, "dovetap: warning: loud\n");
	plan_free(&plan);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_option_has_its_member),
		cmocka_unit_test(without_options_nothing_is_set),
		cmocka_unit_test(each_method_has_its_name),
		cmocka_unit_test(wrong_words_end_the_process),
		cmocka_unit_test(an_option_overrides_its_setting),
		cmocka_unit_test(the_level_is_the_greater_of_the_two),
		cmocka_unit_test(the_sink_is_the_setting),
		cmocka_unit_test(the_log_is_set_from_both),
	};

	return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
