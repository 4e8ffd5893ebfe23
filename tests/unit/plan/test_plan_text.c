/* SPDX-License-Identifier: MIT */
#include <sys/utsname.h>

#include "plan/plan_private.h"
#include "plan_case.h"

static void a_place_is_file_and_line(void **state)
{
	struct plan *plan = plan_of("");
	const struct conf_pos in_file = {.file = "a.conf", .line = 7}, other = {.file = "--key"};

	(void)state;
	assert_string_equal(plan_place(plan, &in_file), "a.conf:7");
	assert_string_equal(plan_place(plan, &other), "--key");
	plan_free(&plan);
}

static void the_settings_are_those_of_the_block(void **state)
{
	struct plan *plan = plan_of("dovetap {\n state_dir = /s\n}\n");

	(void)state;
	assert_string_equal(plan_settings(plan)->state_dir, "/s");
	assert_ptr_equal(plan_server_root(plan), plan->config.own);
	plan_free(&plan);
}

static void the_node_is_the_environments_or_the_kernels(void **state)
{
	struct plan *plan = plan_of("");
	struct utsname kernel;

	(void)state;
	assert_int_equal(uname(&kernel), 0);
	unsetenv("DOVETAP_NODE");
	assert_true(slice_is(plan_host(plan).node, kernel.nodename));
	assert_true(slice_is(plan_host(plan).hostname, kernel.nodename));
	setenv("DOVETAP_NODE", "", 1);
	assert_true(slice_is(plan_host(plan).node, kernel.nodename));
	setenv("DOVETAP_NODE", "n7", 1);
	assert_true(slice_is(plan_host(plan).node, "n7"));
	assert_true(slice_is(plan_host(plan).hostname, "n7"));
	assert_true(slice_is(plan_host(plan).pod, "unknown"));
	assert_true(slice_is(plan_host(plan).container, "unknown"));
	assert_true(slice_is(plan_host(plan).pod_namespace, "unknown"));
	assert_true(slice_is(plan_host(plan).pod_uid, "unknown"));
	assert_true(slice_is(plan_host(plan).container_id, "unknown"));
	assert_int_equal(plan_host(plan).country.len, 0);
	unsetenv("DOVETAP_NODE");
	plan_free(&plan);
}

/* Dovecot's %{hostname} is its setting, which stands in the server's file. */
static void the_servers_file_names_the_host(void **state)
{
	const struct config_options options = {
		.path = "t.conf", .dovecot_config = "dovecot.conf", .doveconf = ""};
	struct plan *plan = NULL;
	struct error error = {0};

	(void)state;
	write_file("t.conf", "", 0600);
	write_file("dovecot.conf", "hostname = mx.example.com\nbase_dir = /b\n", 0600);
	assert_int_equal(plan_new(&options, &plan, &error), 0);
	assert_true(slice_is(plan_host(plan).hostname, "mx.example.com"));
	assert_ptr_equal(plan_server_root(plan), plan->config.server);
	assert_string_equal(plan_dict(plan, 0)->base_dir, "/b");
	plan_free(&plan);
}

static void a_template_has_the_variables_that_it_names(void **state)
{
	struct plan *plan = plan_of("plugin {\n last_login_dict = memory:\n"
				    " last_login_key = %s/%{md5:user}\n}\n");
	const struct template *key = plan_route(plan, 0)->key;

	(void)state;
	assert_true(plan_template_has(key, "service"));
	assert_true(plan_template_has(key, "user"));
	assert_false(plan_template_has(key, "md5"));
	assert_false(plan_template_has(key, "home"));
	plan_free(&plan);
}

static void no_memory_is_an_error_like_others(void **state)
{
	struct error error = {0};

	(void)state;
	assert_int_equal(plan_no_memory(&error), -ENOMEM);
	assert_string_equal(error.text, "out of memory for the configuration");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_place_is_file_and_line),
		cmocka_unit_test(the_settings_are_those_of_the_block),
		cmocka_unit_test(the_node_is_the_environments_or_the_kernels),
		cmocka_unit_test(the_servers_file_names_the_host),
		cmocka_unit_test(a_template_has_the_variables_that_it_names),
		cmocka_unit_test(no_memory_is_an_error_like_others),
	};

	return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
