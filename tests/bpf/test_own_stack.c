/* SPDX-License-Identifier: MIT */
/*
 * Which programs the kernel gives a private stack, and that it is seen: one that asks for nothing
 * gets one from 6.13 on (x86-64; arm64 6.17), ours get none on any kernel, with any layout.
 */
#include <cap-ng.h>
#include <errno.h>
#include <sys/utsname.h>

#include "attach/own_stack.h"
#include "login_object.h"
#include "skel/private.skel.h"
#include "unit/cmocka_all.h"

static bool kernel_has_private_stacks(void)
{
	unsigned int major, minor, since = 13;
	struct utsname name;

	assert_int_equal(uname(&name), 0);
	assert_int_equal(sscanf(name.release, "%u.%u", &major, &minor), 2);
	if (strcmp(name.machine, "x86_64") != 0)
		since = 17;
	return major > 6 || (major == 6 && minor >= since);
}

static void test_a_private_stack_is_seen(void **state)
{
	struct private_bpf *skel = private_bpf__open_and_load();
	struct error error = {0};

	(void)state;
	assert_non_null(skel);
	/* An older kernel shows a program without either: its code decides. */
	assert_int_equal(own_stack_check(bpf_program__fd(skel->progs.deep), &error),
			 kernel_has_private_stacks() ? -ENOTSUP : 0);
	private_bpf__destroy(skel);
}

static void test_a_tail_call_keeps_it_away(void **state)
{
	struct private_bpf *skel = private_bpf__open_and_load();
	struct error error = {0};

	(void)state;
	assert_non_null(skel);
	if (own_stack_check(bpf_program__fd(skel->progs.deep_with_tail_call), &error) < 0)
		fail_msg("%s", error.text);
	private_bpf__destroy(skel);
}

static void keep_syslog(capng_act_t action)
{
	capng_get_caps_process();
	assert_int_equal(capng_update(action, CAPNG_EFFECTIVE, CAP_SYSLOG), 0);
	assert_int_equal(capng_apply(CAPNG_SELECT_CAPS), 0);
}

static bool anybody_sees_code(void)
{
	int restricted = 1, paranoid = 2;
	FILE *file = fopen("/proc/sys/kernel/kptr_restrict", "re");

	assert_non_null(file);
	assert_int_equal(fscanf(file, "%d", &restricted), 1);
	(void)fclose(file);
	file = fopen("/proc/sys/kernel/perf_event_paranoid", "re");
	assert_non_null(file);
	assert_int_equal(fscanf(file, "%d", &paranoid), 1);
	(void)fclose(file);
	return restricted == 0 && paranoid <= 1;
}

/* As the attacher is, with the capabilities that it keeps. */
static void test_who_may_not_see_code_goes_by_the_tail_call(void **state)
{
	struct private_bpf *skel;
	struct error error = {0};
	int without, with;

	(void)state;
	keep_syslog(CAPNG_DROP);
	skel = private_bpf__open_and_load();
	assert_non_null(skel);
	without = own_stack_check(bpf_program__fd(skel->progs.deep), &error);
	with = own_stack_check(bpf_program__fd(skel->progs.deep_with_tail_call), &error);
	private_bpf__destroy(skel);
	keep_syslog(CAPNG_ADD);
	assert_int_equal(without,
			 anybody_sees_code() && !kernel_has_private_stacks() ? 0 : -ENOTSUP);
	assert_int_equal(with, 0);
}

static void test_an_object_with_one_is_refused_by_name(void **state)
{
	struct private_bpf *skel = private_bpf__open_and_load();
	struct error error = {0};
	int err;

	(void)state;
	assert_non_null(skel);
	err = own_stack_check_all(skel->obj, &error);
	if (kernel_has_private_stacks()) {
		assert_int_equal(err, -ENOTSUP);
		assert_memory_equal(error.text, "deep: ", strlen("deep: "));
	} else {
		assert_int_equal(err, 0);
	}
	private_bpf__destroy(skel);
}

static void test_no_program_of_ours_has_one(void **state)
{
	struct login_object object;
	struct error error = {0};

	(void)state;
	for (size_t i = 0; i < layouts_embedded_count; i++) {
		login_object_load(&object, &layouts_embedded[i], NULL);
		if (own_stack_check_all(object.skel->obj, &error) < 0)
			fail_msg("%s: %s", layouts_embedded[i].abi, error.text);
		login_object_release(&object);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_private_stack_is_seen),
		cmocka_unit_test(test_a_tail_call_keeps_it_away),
		cmocka_unit_test(test_who_may_not_see_code_goes_by_the_tail_call),
		cmocka_unit_test(test_an_object_with_one_is_refused_by_name),
		cmocka_unit_test(test_no_program_of_ours_has_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
