/* SPDX-License-Identifier: MIT */
/* The pipeline and its writers with each of our allocations failing once. */
#include "../alloc_failure.h"
#include "../plan/plan_case.h"
#include "pipeline/pipeline.h"
#include "pipeline/targets.h"

static int make_deliver(void *context)
{
	struct deliver *deliver = NULL;
	struct error error = {0};
	int ret = deliver_new(context, &deliver, &error);

	assert_true((ret < 0) == !deliver);
	deliver_free(&deliver);
	return ret;
}

static int make_pipeline(void *context)
{
	struct pipeline *pipeline = NULL;
	struct error error = {0};
	int ret = pipeline_new(context, &pipeline, &error);

	assert_true((ret < 0) == !pipeline);
	pipeline_free(&pipeline);
	return ret;
}

static void a_pipeline_needs_all_its_memory(void **state)
{
	const struct pipeline_config config = {0};

	(void)state;
	assert_true(each_failure(make_deliver, (void *)(uintptr_t)&config.deliver) >= 1);
	assert_true(each_failure(make_pipeline, (void *)(uintptr_t)&config) >= 3);
}

static int open_targets(void *context)
{
	const struct targets_options options = {0};
	struct targets targets = {0};
	struct error error = {0};
	int ret = targets_open(&targets, context, &options, &error);

	assert_true((ret < 0) == !targets.writers);
	targets_close(&targets);
	return ret;
}

static void writers_need_theirs(void **state)
{
	struct plan *plan = plan_of("plugin {\n last_login_dict = memory:\n"
				    " last_login_key = %s/%u\n}\n"
				    "dovetap {\n mirror_dicts = memory:\n}\n");

	(void)state;
	assert_true(each_failure(open_targets, plan) > 5);
	plan_free(&plan);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_pipeline_needs_all_its_memory),
		cmocka_unit_test(writers_need_theirs),
	};

	return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
