/* SPDX-License-Identifier: MIT */
/* The number of the control group in a record, of version 1 (bpf/cgroup.bpf.h) and 2. */
#include <bpf/bpf.h>
#include <sys/stat.h>
#include <unistd.h>

#include "attach/kernel_types.h"
#include "base/cgroup_v1.h"
#include "dovetap/cgroup.h"
#include "origin_processes.h"
#include "unit/cmocka_all.h"

#define ROOT "/sys/fs/cgroup"

static enum dovetap_kernel_reads reads;
static struct kernel_facts kernel;

static void set_up_so(struct login_bpf *skel)
{
	skel->rodata->kernel_reads = reads;
	skel->rodata->cgroup_v1_mark = kernel.cgroup_v1_mark;
	memcpy((void *)skel->rodata->cgroup_v1_offsets, kernel.cgroup_v1_offsets,
	       sizeof(kernel.cgroup_v1_offsets));
}

static int set_up(void **state)
{
	struct error error = {0};

	(void)state;
	kernel_facts_find(&kernel, &error);
	if (kernel.cgroup_v1_mark == 0)
		assert_int_equal(kernel_facts_use_cgroup_v1(&kernel, 0), 0);
	origin_watch(set_up_so);
	origin_directory_make();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	origin_directory_remove();
	login_object_release(&origin_object);
	return 0;
}

static uint64_t number_of(const char *path)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	return st.st_ino;
}

static uint64_t number_in(const char *group)
{
	(void)ORIGIN(origin_copy("join", 0), "join", group, origin_copy("anything", 0), "hit", "1");
	return origin_object.record.head.cgroup_id;
}

/* Loads everywhere; the numbers are those of a hierarchy of version 1 only where there is one. */
static void test_it_is_marked(void **state)
{
	(void)state;
	(void)ORIGIN(origin_copy("anything", 0), "hit", "1");
	assert_true(origin_object.record.head.cgroup_id & DOVETAP_CGROUP_V1);
}

static void test_the_group_of_the_process(void **state)
{
	int which = cgroup_v1_find(ROOT);
	char group[128];

	(void)state;
	if (which < 0)
		return;
	for (int i = 0; i < 2; i++) {
		(void)snprintf(group, sizeof(group), ROOT "/%s/dovetap-test-%d-%d",
			       cgroup_v1_name(which), (int)getpid(), i);
		assert_int_equal(mkdir(group, 0755), 0);
		assert_int_equal(number_in(group),
				 number_of(group) | DOVETAP_CGROUP_V1_MARK((unsigned int)which));
		assert_int_equal(rmdir(group), 0);
	}
}

#define scenario(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

static int try_all(void)
{
	const struct CMUnitTest tests[] = {
		scenario(test_it_is_marked),
		scenario(test_the_group_of_the_process),
	};
	int failed;

	origin_library_path();
	reads = DOVETAP_KERNEL_HELPER;
	failed = cmocka_run_group_tests_name("by the helper", tests, NULL, NULL);
	if (libbpf_probe_bpf_helper(BPF_PROG_TYPE_KPROBE, BPF_FUNC_get_current_task_btf, NULL) <= 0)
		return failed;
	reads = DOVETAP_KERNEL_TYPED;
	return failed + cmocka_run_group_tests_name("by types", tests, NULL, NULL);
}

int main(int argc, char **argv)
{
	int status;

	return origin_process_run(argc, argv, &status) ? status : try_all();
}
