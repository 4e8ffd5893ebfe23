/* SPDX-License-Identifier: MIT */
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../cmocka_all.h"
#include "attach/kernel.h"
#include "priv/drop.h"

static void test_every_check_says_what_it_found(void **state)
{
	struct kernel_check checks[KERNEL_CHECK_COUNT];

	(void)state;
	kernel_check_all(checks);
	for (size_t i = 0; i < KERNEL_CHECK_COUNT; i++) {
		assert_non_null(checks[i].name);
		assert_int_not_equal(checks[i].found[0], '\0');
		/* Who is told of trouble is told what to do, and nobody else. */
		assert_int_equal(checks[i].state == KERNEL_OK, checks[i].advice[0] == '\0');
	}
}

/* 0, or the number of the first expectation that failed. */
static int without_rights(void)
{
	struct kernel_check checks[KERNEL_CHECK_COUNT];
	struct priv_user nobody;
	struct error error;
	int multi_bad, perf_bad;

	if (priv_user_find("nobody", &nobody, NULL) < 0 || priv_drop(&nobody, NULL) < 0)
		return 1;
	multi_bad = kernel_require_capabilities(true, &error) != -EPERM ||
		    !strstr(error.text, "CAP_BPF") || !strstr(error.text, "CAP_PERFMON") ||
		    strstr(error.text, "CAP_SYS_ADMIN");
	perf_bad = kernel_require_capabilities(false, &error) != -EPERM ||
		   !strstr(error.text, "CAP_SYS_ADMIN");
	if (multi_bad || perf_bad)
		return 2;
	kernel_check_all(checks);
	for (size_t i = 0; i < KERNEL_CHECK_COUNT; i++) {
		if (strcmp(checks[i].name, "capabilities") == 0)
			return checks[i].state == KERNEL_BAD ? 0 : 3;
	}
	return 4;
}

static void test_each_missing_capability_is_named(void **state)
{
	pid_t pid = fork();
	int status;

	(void)state;
	if (pid == 0)
		_exit(without_rights());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_check_says_what_it_found),
		cmocka_unit_test(test_each_missing_capability_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
