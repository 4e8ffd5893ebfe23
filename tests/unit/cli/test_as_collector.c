/* SPDX-License-Identifier: MIT */
/* As root. Each scenario in a process of its own: who changes its user has changed it for good. */
#include "cli/as_collector.h"
#include "ended.h"
#include "plan_of.h"

static void become(const void *context)
{
	struct error error = {0};
	int ret = as_collector(context, &error);

	(void)printf("%d %s, uid %d", ret, error.text, (int)getuid());
}

static void become_from_nobody(const void *context)
{
	if (setuid(65534) == 0)
		become(context);
}

static struct plan *plan_with(const char *user, const char *dir)
{
	char text[500];

	(void)snprintf(text, sizeof(text), "dovetap {\n user = %s\n state_dir = %s/%s\n}\n", user,
		       folder, dir);
	return plan_of(text);
}

static void root_becomes_the_user_and_makes_its_directory(void **state)
{
	struct plan *plan = plan_with("nobody", "made");
	char text[1000];
	struct stat st;

	(void)state;
	assert_int_equal(status_of(become, plan, text, sizeof(text)), 0);
	assert_string_equal(text, "0 , uid 65534");
	assert_int_equal(stat("made", &st), 0);
	assert_int_equal(st.st_uid, 65534);
	plan_free(&plan);
}

static void anybody_else_stays(void **state)
{
	struct plan *plan = plan_with("no-such-user", "never");
	char text[1000];

	(void)state;
	assert_int_equal(status_of(become_from_nobody, plan, text, sizeof(text)), 0);
	assert_string_equal(text, "0 , uid 65534");
	assert_int_equal(access("never", F_OK), -1);
	plan_free(&plan);
}

static void without_the_user_there_is_an_error(void **state)
{
	struct plan *plan = plan_with("no-such-user", "never");
	char text[1000];

	(void)state;
	assert_int_equal(status_of(become, plan, text, sizeof(text)), 0);
	assert_int_equal(strncmp(text, "-2 ", 3), 0);
	expect_text(text, "no-such-user");
	expect_text(text, "uid 0");
	assert_int_equal(access("never", F_OK), -1);
	plan_free(&plan);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(root_becomes_the_user_and_makes_its_directory),
		cmocka_unit_test(anybody_else_stays),
		cmocka_unit_test(without_the_user_there_is_an_error),
	};

	return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
