/* SPDX-License-Identifier: MIT */
/* Names as Dovecot has them. */
#include "plan/plan_user.h"
#include "plan_case.h"

static struct plan *plan_of_server(const char *conf)
{
	write_file("server.conf", conf, 0600);
	return plan_of("dovetap {\n dovecot_config = server.conf\n}\n");
}

static void expect(const char *conf, const char *user, const char *normal)
{
	struct plan *plan = plan_of_server(conf);
	struct error error = {0};
	struct buf out;

	buf_init(&out, 4096);
	if (plan_user_normalise(plan, slice_str(user), &out, &error) < 0)
		fail_msg("%s", error.text);
	assert_string_equal(buf_str(&out), normal);
	buf_release(&out);
	plan_free(&plan);
}

#define DICT "plugin {\n last_login_dict = file:/f\n}\n"

static void names_are_in_lower_case_by_default(void **state)
{
	(void)state;
	expect(DICT, "Alice@Example.COM", "alice@example.com");
	expect(DICT, "", "");
}

static void the_servers_format_decides(void **state)
{
	(void)state;
	expect("auth_username_format = %n\n" DICT, "Alice@Example.COM", "Alice");
	expect("auth_username_format = %Lu\n" DICT, "Alice@X", "alice@x");
	expect("auth_username_format =\n" DICT, "Alice@X", "Alice@X");
	expect("dovecot_config_version = 2.4.1\n"
	       "auth_username_format = %{user | upper}\nlast_login {\n dict file {\n  dict_file_path = /f\n }\n}\n",
	       "Alice@X", "ALICE@X");
}

static void a_format_that_needs_more_is_refused(void **state)
{
	struct plan *plan = plan_of_server("auth_username_format = %u-%s\n" DICT);
	struct error error = {0};
	struct buf out;

	(void)state;
	buf_init(&out, 4096);
	assert_int_equal(plan_user_normalise(plan, slice_str("a"), &out, &error), -EINVAL);
	assert_non_null(strstr(error.text, "auth_username_format"));
	buf_release(&out);
	plan_free(&plan);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_in_lower_case_by_default),
		cmocka_unit_test(the_servers_format_decides),
		cmocka_unit_test(a_format_that_needs_more_is_refused),
	};

	return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
