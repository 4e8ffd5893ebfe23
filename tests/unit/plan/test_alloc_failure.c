/* SPDX-License-Identifier: MIT */
/* The plan, its keys and its dicts with each of our allocations failing once. */
#include "../alloc_failure.h"
#include "base/pack.h"
#include "plan/plan_search.h"
#include "plan_case.h"

static const char conf[] = "dovecot_config_version = 2.4.0\n"
			   "last_auth_key = a/%{user}\nlast_failure_key = f/%{user}\n"
			   "last_login_dict_fields {\n ip/%{user} = %{remote_ip}\n}\n"
			   "dovetap {\n state_dir = /s\n audit_log = stdout\n"
			   " audit_user_key = key\n mirror_dicts = memory: memory:\n}\n"
			   "plugin {\n last_login_dict = mysql:map.ext\n}\n";

static const char map[] = "connect = host=localhost dbname=mails\n"
			  "map {\n pattern = shared/last-login/$user\n table = t\n"
			  " username_field = u\n value_field = v\n fields {\n  u = $user\n }\n}\n";

static int make_plan(void *context)
{
	const struct config_options options = {.path = "t.conf", .doveconf = ""};
	struct plan *plan = NULL;
	struct error error = {0};
	int ret = plan_new(&options, &plan, &error);

	(void)context;
	assert_true((ret < 0) == !plan);
	if (ret == 0)
		ret = plan_load_audit(plan, &error);
	plan_free(&plan);
	return ret;
}

static void a_plan_needs_all_its_memory(void **state)
{
	(void)state;
	write_file("t.conf", conf, 0600);
	write_file("map.ext", map, 0600);
	write_file("key", "0123456789abcdef", 0600);
	assert_true(each_failure(make_plan, NULL) > 20);
}

static int unpack_plan(void *context)
{
	struct unpack in = {.left = *(const struct slice *)context};
	struct plan *plan = NULL;
	struct error error = {0};
	int ret = plan_unpack(&in, &plan, &error);

	assert_true((ret < 0) == !plan);
	if (ret == 0)
		assert_int_equal(plan_route_count(plan), 5);
	plan_free(&plan);
	return ret;
}

/* What goes to the collector: the same plan is made of it. */
static void so_does_one_that_comes_packed(void **state)
{
	struct plan *plan = plan_of("last_auth_key = a/%{user}\nlast_failure_key = f/%{user}\n"
				    "plugin {\n last_login_dict = memory:\n}\n");
	struct buf packed;
	struct slice bytes;

	(void)state;
	buf_init(&packed, 1U << 20);
	plan_pack(plan, &packed);
	assert_int_equal(packed.failed, 0);
	bytes = buf_slice(&packed);
	assert_true(each_failure(unpack_plan, &bytes) > 5);
	plan_free(&plan);
	buf_release(&packed);
}

static int make_keys(void *context)
{
	struct plan_search search = {0};
	struct error error = {0};
	int ret = plan_search_make(context, 0, slice_str("u@x"), NULL, &search, &error);

	if (ret == 0)
		assert_true(search.count > 2);
	plan_search_release(&search);
	return ret;
}

static int sample_keys(void *context)
{
	struct plan_keys keys = {0};
	struct error error = {0};
	int ret = plan_keys_sample(context, 0, ~0U, &keys, &error);

	plan_keys_release(&keys);
	return ret;
}

static int open_dict(void *context)
{
	struct dict *dict = NULL;
	struct error error = {0};
	int ret = plan_dict_open(context, 0, &dict, &error);

	assert_true((ret < 0) == !dict);
	dict_close(&dict);
	return ret;
}

static void keys_and_dicts_need_theirs(void **state)
{
	struct plan *plan = plan_of("plugin {\n last_login_dict = memory:\n"
				    " last_login_key = %s/%u\n}\n");

	(void)state;
	assert_true(each_failure(make_keys, plan) >= 3);
	assert_true(each_failure(sample_keys, plan) >= 3);
	assert_true(each_failure(open_dict, plan) >= 1);
	plan_free(&plan);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_plan_needs_all_its_memory),
		cmocka_unit_test(so_does_one_that_comes_packed),
		cmocka_unit_test(keys_and_dicts_need_theirs),
	};

	return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
