/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <linux/capability.h>
#include <unistd.h>

#include "../cmocka_all.h"
#include "priv/drop.h"
#include "priv/status.h"

static const char collector[] = "Name:\tdovetap\nState:\tS (sleeping)\nPid:\t7\nPPid:\t6\n"
				"TracerPid:\t0\nUid:\t65534\t65533\t65532\t65531\n"
				"CapInh:\t0000000000000000\nCapPrm:\t000001c000080004\n"
				"CapEff:\t0000000000000000\nCapBnd:\t0000000000000020\n"
				"NoNewPrivs:\t1\nSeccomp:\t2\nSeccomp_filters:\t3\n";

static void test_the_kernels_text(void **state)
{
	struct priv_status status;

	(void)state;
	priv_status_parse(collector, &status);
	assert_string_equal(status.name, "dovetap");
	assert_int_equal(status.parent, 6);
	assert_int_equal(status.uid, 65533);
	assert_int_equal(status.capabilities, 0x1c000080004);
	assert_int_equal(status.bounding, 0x20);
	assert_true(status.no_new_privs);
	assert_true(status.seccomp);
	assert_int_equal(status.filters, 3);
}

static void test_lines_of_older_kernels_are_missing(void **state)
{
	struct priv_status status;

	(void)state;
	priv_status_parse("Name:\tx\nSeccomp:\t1\n", &status);
	assert_false(status.seccomp); /* the strict mode is no list */
	assert_false(status.no_new_privs);
	assert_int_equal(status.filters, 0);
	priv_status_parse("", &status);
	assert_int_equal(status.capabilities, 0);
}

static void test_a_running_process(void **state)
{
	struct priv_status status;

	(void)state;
	assert_int_equal(priv_status_read(getpid(), &status), 0);
	assert_int_equal(status.parent, getppid());
	assert_int_equal(status.uid, geteuid());
	assert_int_equal(priv_status_read(0, &status), -ENOENT);
}

static void test_capabilities_by_name(void **state)
{
	struct buf text;

	(void)state;
	buf_init(&text, 256);
	priv_status_name_capabilities(0, &text);
	assert_string_equal(buf_str(&text), "none");
	buf_reset(&text);
	priv_status_name_capabilities(1ULL << CAP_KILL | 1ULL << CAP_BPF | 1ULL << 63, &text);
	assert_string_equal(buf_str(&text), "kill, bpf, unknown");
	buf_release(&text);
}

static void test_what_the_attacher_keeps(void **state)
{
	(void)state;
	assert_int_equal(priv_keep_mask(0), 0);
	assert_int_equal(priv_keep_mask(PRIV_KEEP_PERF), 1ULL << CAP_SYS_ADMIN);
	assert_int_equal(priv_keep_mask(PRIV_KEEP_ATTACH),
			 1ULL << CAP_BPF | 1ULL << CAP_PERFMON | 1ULL << CAP_SYS_PTRACE |
				 1ULL << CAP_DAC_READ_SEARCH | 1ULL << CAP_CHECKPOINT_RESTORE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_kernels_text),
		cmocka_unit_test(test_lines_of_older_kernels_are_missing),
		cmocka_unit_test(test_a_running_process),
		cmocka_unit_test(test_capabilities_by_name),
		cmocka_unit_test(test_what_the_attacher_keeps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
