/* SPDX-License-Identifier: MIT */
#include "../plan/plan_case.h"
#include "base/clock.h"
#include "pipeline/targets.h"

#define LONG_NS (60 * NS_PER_SEC)

static struct targets open_ok(const struct plan *plan, bool spool)
{
	const struct targets_options options = {.spool = spool};
	struct targets targets = {0};
	struct error error = {0};

	if (targets_open(&targets, plan, &options, &error) < 0)
		fail_msg("%s", error.text);
	return targets;
}

static void routes_are_those_of_the_plan(void **state)
{
	struct plan *plan = plan_of("last_failure_key = f/%{user}\n"
				    "plugin {\n last_login_dict = memory:\n last_login_key = %u\n"
				    " last_login_precision = ms\n}\n"
				    "dovetap {\n mirror_dicts = memory:\n mask_ip = yes\n"
				    " services = imap\n}\n");
	struct targets targets = open_ok(plan, false);
	struct deliver_config config = targets_describe(&targets);
	const struct login_event event = event_of(LOGIN_EVENT_LOGIN, "imap");
	const struct login_event failure = event_of(LOGIN_EVENT_FAILURE, "imap");
	int login = config.match(&event, DELIVER_LOGIN, config.context);
	int refused = config.match(&failure, DELIVER_FAILURE, config.context);

	(void)state;
	assert_int_equal(config.match(&event, DELIVER_FAILURE, config.context), -1);
	assert_int_equal(config.route_count, plan_route_count(plan));
	assert_int_equal(config.writer_count, 2);
	assert_int_equal(config.mirror_count, 1);
	assert_int_equal(config.mask.v4, 24);
	assert_true(slice_equal(config.host.node, plan_host(plan).node));
	assert_true(config.routes[login].also);
	assert_false(config.routes[refused].also);
	assert_ptr_equal(config.routes[login].key, plan_route(plan, (size_t)login)->key);
	assert_int_equal(config.routes[login].precision, PRECISION_MS);
	assert_ptr_equal(config.routes[login].writer, targets.writers[0]);
	assert_ptr_equal(config.routes[refused].writer, targets.writers[0]);
	assert_ptr_equal(config.writers, targets.writers);
	targets_close(&targets);
	assert_null(targets.writers);
	targets_close(&targets);
	plan_free(&plan);
}

static void submit(struct targets *targets, size_t index, const char *key)
{
	const struct writer_record record = {
		.key = slice_str(key), .value = slice_str("1795338170"), .time_ns = 1};

	assert_int_equal(writer_submit(targets->writers[index], &record, 1), 0);
}

static int drain(const struct targets *targets, int64_t patience_ns, struct error *error_r)
{
	return targets_drain((struct targets *)targets, clock_monotonic_ns() + patience_ns,
			     error_r);
}

/* The second dict cannot be written: its directory is a file. */
static void what_is_not_written_names_its_dict(void **state)
{
	struct plan *plan = plan_of("plugin {\n last_login_dict = memory:\n}\n"
				    "dovetap {\n mirror_dicts = file:t.conf/dict\n}\n");
	struct targets targets = open_ok(plan, false);
	struct error error = {0};

	(void)state;
	submit(&targets, 0, "shared/u");
	assert_int_equal(drain(&targets, LONG_NS, &error), 0);
	assert_true(targets_up(&targets));
	submit(&targets, 1, "shared/u");
	assert_int_equal(drain(&targets, 50 * NS_PER_MSEC, &error), -ETIMEDOUT);
	assert_memory_equal(error.text, "file (mirror_dicts): 1 records are not written: ", 48);
	assert_true(targets_up(&targets)); /* one of them takes records */
	assert_int_equal(targets_lost(&targets, &error), 0);
	targets_close(&targets);
	plan_free(&plan);
}

/* What no spool keeps is lost with the end, and said: of the first dict, be it one record. */
static void what_is_left_at_the_end_is_told(void **state)
{
	struct plan *plan = plan_of("plugin {\n last_login_dict = file:t.conf/dict\n}\n"
				    "dovetap {\n mirror_dicts = memory: file:t.conf/two\n}\n");
	struct targets targets = open_ok(plan, false);
	struct error error = {0};
	uint64_t left = 99;

	(void)state;
	submit(&targets, 0, "shared/u");
	submit(&targets, 1, "shared/u");
	submit(&targets, 2, "shared/u");
	submit(&targets, 2, "shared/v");
	assert_int_equal(drain(&targets, 50 * NS_PER_MSEC, &error), -ETIMEDOUT);
	assert_true(targets_stop(&targets, &left, &error) < 0);
	assert_int_equal(left, 3);
	if (!strstr(error.text, "(t.conf:2): 1 records"))
		fail_msg("%s", error.text);
	targets_close(&targets);
	plan_free(&plan);
}

static void nothing_is_left_when_all_is_written(void **state)
{
	struct plan *plan = plan_of("plugin {\n last_login_dict = memory:\n}\n");
	struct targets targets = open_ok(plan, false);
	struct error error = {0};
	uint64_t left = 99;

	(void)state;
	submit(&targets, 0, "shared/u");
	assert_int_equal(drain(&targets, LONG_NS, &error), 0);
	assert_int_equal(targets_stop(&targets, &left, &error), 0);
	assert_int_equal(left, 0);
	targets_close(&targets);
	plan_free(&plan);
}

static void nothing_is_up_while_no_dict_answers(void **state)
{
	struct plan *plan = plan_of("plugin {\n last_login_dict = file:t.conf/dict\n}\n");
	struct targets targets = open_ok(plan, false);
	struct error error = {0};

	(void)state;
	assert_true(targets_up(&targets)); /* nothing speaks against it yet */
	submit(&targets, 0, "shared/u");
	assert_int_equal(drain(&targets, 50 * NS_PER_MSEC, &error), -ETIMEDOUT);
	for (int64_t end = clock_monotonic_ns() + LONG_NS; targets_up(&targets);)
		assert_true(clock_monotonic_ns() < end);
	targets_close(&targets);
	plan_free(&plan);
}

/* --- opening --------------------------------------------------------------------------------- */

static void an_error_leaves_nothing_open(void **state)
{
	struct plan *plan = plan_of("plugin {\n last_login_dict = memory:\n}\n"
				    "dovetap {\n mirror_dicts = memory: nosuch:x\n}\n");
	const struct targets_options options = {0};
	struct targets targets;
	struct error error = {0};

	(void)state;
	assert_int_equal(targets_open(&targets, plan, &options, &error), -EINVAL);
	assert_non_null(strstr(error.text, "nosuch"));
	assert_null(targets.writers);
	assert_null(targets.routes);
	assert_null(targets.samples);
	plan_free(&plan);
}

static void spools_are_in_their_directory(void **state)
{
	char dir[PATH_MAX];
	struct plan *plan = plan_of("dovetap {\n state_dir = /s\n}\n");

	(void)state;
	targets_spool_dir(plan, dir);
	assert_string_equal(dir, "/s/spool");
	plan_free(&plan);
	plan = plan_of("dovetap {\n state_dir = /s\n spool_dir = /t\n}\n");
	targets_spool_dir(plan, dir);
	assert_string_equal(dir, "/t");
	plan_free(&plan);
}

/* What a dict does not take waits in the file of its id. */
static void a_record_waits_in_the_spool(void **state)
{
	struct plan *plan;
	struct targets targets;

	(void)state;
	assert_int_equal(mkdir("spool", 0700), 0);
	plan = plan_of("plugin {\n last_login_dict = file:t.conf/dict\n}\n"
		       "dovetap {\n spool_dir = spool\n}\n");
	targets = open_ok(plan, true);
	assert_int_equal(targets.samples[0].count > 0, true);
	submit(&targets, 0, "shared/u");
	targets_close(&targets);
	plan_free(&plan);
	assert_int_equal(access("spool/file.spool", F_OK), 0);
	/* Another life with a dict that works finds it. */
	plan = plan_of("plugin {\n last_login_dict = file:dict\n}\n"
		       "dovetap {\n spool_dir = spool\n}\n");
	targets = open_ok(plan, true);
	for (int64_t end = clock_monotonic_ns() + LONG_NS; access("dict", F_OK) != 0;)
		assert_true(clock_monotonic_ns() < end);
	targets_close(&targets);
	plan_free(&plan);
}

static void without_a_spool_there_is_no_file(void **state)
{
	struct plan *plan;
	struct targets targets;

	(void)state;
	assert_int_equal(mkdir("none", 0700), 0);
	plan = plan_of("plugin {\n last_login_dict = memory:\n}\n"
		       "dovetap {\n spool_dir = none\n}\n");
	targets = open_ok(plan, false);
	assert_int_equal(targets.samples[0].count, 0);
	targets_close(&targets);
	plan_free(&plan);
	assert_int_equal(rmdir("none"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(routes_are_those_of_the_plan),
		cmocka_unit_test(what_is_not_written_names_its_dict),
		cmocka_unit_test(what_is_left_at_the_end_is_told),
		cmocka_unit_test(nothing_is_left_when_all_is_written),
		cmocka_unit_test(nothing_is_up_while_no_dict_answers),
		cmocka_unit_test(an_error_leaves_nothing_open),
		cmocka_unit_test(spools_are_in_their_directory),
		cmocka_unit_test(a_record_waits_in_the_spool),
		cmocka_unit_test(without_a_spool_there_is_no_file),
	};

	return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
