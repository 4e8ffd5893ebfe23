/* SPDX-License-Identifier: MIT */
/* As root: the child that tries has the rights of nobody. */
#include "cli/try_plan.h"
#include "plan_of.h"

static struct priv_user nobody;

static int try(const char *settings, struct error *error_r)
{
	struct plan *plan = NULL;
	char text[1000];
	int ret;

	(void)snprintf(text, sizeof(text), "dovetap {\n services = imap\n%s\n}\n", settings);
	plan = plan_of(text);
	assert_int_equal(plan_load_modules(plan, error_r), 0);
	ret = plan_load_audit(plan, error_r);
	if (ret == 0)
		ret = try_plan(plan, &nobody, error_r);
	assert_int_equal(plan_dict_count(plan), 1); /* it is as it was */
	plan_free(&plan);
	return ret;
}

static int try_in(const char *setting, const char *path, struct error *error_r)
{
	char settings[500];

	(void)snprintf(settings, sizeof(settings), " state_dir = %s/state\n %s = %s/%s\n", folder,
		       setting, folder, path);
	return try(settings, error_r);
}

static void what_the_collector_may_open_is_right(void **state)
{
	struct error error = {0};

	(void)state;
	assert_int_equal(mkdir("state", 0755), 0);
	assert_int_equal(chown("state", nobody.uid, nobody.gid), 0);
	assert_int_equal(mkdir("open", 0755), 0);
	assert_int_equal(chown("open", nobody.uid, nobody.gid), 0);
	if (try_in("audit_log", "open/log", &error) < 0)
		fail_msg("%s", error.text);
	assert_int_equal(getuid(), 0);
}

static void what_it_may_not_is_named(void **state)
{
	struct error error = {0};
	char path[300];

	(void)state;
	assert_int_equal(mkdir("private", 0700), 0);
	assert_int_equal(try_in("audit_log", "private/log", &error), -EACCES);
	(void)snprintf(path, sizeof(path), "%s/private/log", folder);
	assert_non_null(strstr(error.text, path));
}

static void a_user_who_is_none_is_an_error(void **state)
{
	const struct priv_user root = {.name = "root"};
	struct plan *plan = plan_of("plugin {\n last_login_dict = memory:\n}\n");
	struct error error = {0};

	(void)state;
	assert_true(try_plan(plan, &root, &error) < 0);
	assert_int_not_equal(error.text[0], '\0');
	plan_free(&plan);
}

static int setup(void **state)
{
	return enter_folder(state) < 0 || chmod(".", 0755) < 0 ||
			       priv_user_find("nobody", &nobody, NULL) < 0
		       ? -1
		       : 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_the_collector_may_open_is_right),
		cmocka_unit_test(what_it_may_not_is_named),
		cmocka_unit_test(a_user_who_is_none_is_an_error),
	};

	return cmocka_run_group_tests(tests, setup, leave_folder);
}
