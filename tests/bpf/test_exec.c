/* SPDX-License-Identifier: MIT */
/* The exec watcher reports programs with Dovecot's names, and of others until they are known to be
 * somebody else's; and the end of a master. */
#include <bpf/libbpf.h>
#include <linux/types.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "dovetap/exec.h"
#include "skel/exec.skel.h"
#include "unit/cmocka_all.h"

#define SMALL_RING 4096

struct seen {
	pid_t pid; /* whose start is waited for */
	struct dovetap_exec exec;
	int count;
	unsigned int unknown; /* of all processes: others may start programs meanwhile */
	unsigned int ended;   /* the same: those of the name that is waited for */
	const char *name;
};

static struct exec_bpf *skel;
static struct ring_buffer *ring;
static struct seen seen;

static int take(void *context, void *data, size_t size)
{
	struct seen *found = context;
	struct dovetap_exec exec;

	assert_int_equal(size, sizeof(exec));
	memcpy(&exec, data, sizeof(exec));
	found->unknown += !exec.usual;
	found->ended += exec.ended && found->name && strcmp(exec.name, found->name) == 0;
	if (exec.pid == (unsigned int)found->pid) {
		found->exec = exec;
		found->count++;
	}
	return 0;
}

static void start_watch(__u64 unknown_per_second, __u32 ring_size)
{
	seen = (struct seen){0};
	skel = exec_bpf__open();
	assert_non_null(skel);
	skel->rodata->exec_unknown_per_second = unknown_per_second;
	bpf_map__set_max_entries(skel->maps.execs, ring_size);
	assert_int_equal(exec_bpf__load(skel), 0);
	ring = ring_buffer__new(bpf_map__fd(skel->maps.execs), take, &seen, NULL);
	assert_non_null(ring);
	skel->links.process_started = bpf_program__attach_raw_tracepoint(
		skel->progs.process_started, "sched_process_exec");
	assert_non_null(skel->links.process_started);
	skel->links.process_ended =
		bpf_program__attach_raw_tracepoint(skel->progs.process_ended, "sched_process_exit");
	assert_non_null(skel->links.process_ended);
}

/* No other program that starts meanwhile can use up this budget or this ring. */
static int setup(void **state)
{
	(void)state;
	start_watch(1000000, 1 << 20);
	return 0;
}

static int setup_small_ring(void **state)
{
	(void)state;
	start_watch(1000000, SMALL_RING);
	return 0;
}

#define BUDGET 5

static int setup_budget(void **state)
{
	(void)state;
	start_watch(BUDGET, 1 << 20);
	return 0;
}

static int setup_no_budget(void **state)
{
	(void)state;
	start_watch(0, 1 << 20);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	ring_buffer__free(ring);
	exec_bpf__destroy(skel);
	return 0;
}

/* Runs true(1) under another name: a link in a directory of its own. */
static void start_as(const char *name)
{
	char directory[] = "/tmp/dovetap-exec-XXXXXX";
	char *argv[] = {(char *)name, NULL};
	char path[64];

	assert_non_null(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/%s", directory, name);
	assert_int_equal(symlink("/bin/true", path), 0);
	seen.count = 0;
	assert_int_equal(posix_spawn(&seen.pid, path, NULL, NULL, argv, NULL), 0);
	assert_int_equal(waitpid(seen.pid, NULL, 0), seen.pid);
	unlink(path);
	rmdir(directory);
}

static void run_as(const char *name)
{
	start_as(name);
	ring_buffer__consume(ring);
}

static void expect_event(const char *name, const char *comm)
{
	run_as(name);
	assert_int_equal(seen.count, 1);
	assert_string_equal(seen.exec.name, comm);
}

static void test_names_of_dovecot_are_reported(void **state)
{
	(void)state;
	expect_event("dovecot", "dovecot");
	expect_event("auth", "auth");
	expect_event("imap-login", "imap-login");
	expect_event("lmtp", "lmtp");
	expect_event("doveadm", "doveadm");
}

/* The kernel keeps 15 bytes of a name. */
static void test_long_names_are_reported_cut(void **state)
{
	(void)state;
	expect_event("submission-login", "submission-logi");
	expect_event("managesieve-login", "managesieve-log");
}

static void note_unrelated(const char *name, __u64 until)
{
	char key[DOVETAP_EXEC_NAME_SIZE] = "";

	memcpy(key, name, strlen(name));
	assert_int_equal(bpf_map__update_elem(skel->maps.unrelated_names, key, sizeof(key), &until,
					      sizeof(until), BPF_ANY),
			 0);
}

static void test_other_names_are_reported_until_they_are_known(void **state)
{
	static const char *const others[] = {"imapd", "ima", "xdovecot", "dovecot-",
					     "a-fifteen-chars"};

	(void)state;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		run_as(others[i]);
		assert_int_equal(seen.count, 1);
		assert_int_equal(seen.exec.usual, 0);
		note_unrelated(others[i], ~0ULL);
		run_as(others[i]);
		assert_int_equal(seen.count, 0);
		note_unrelated(others[i], 1); /* that was long ago */
		run_as(others[i]);
		assert_int_equal(seen.count, 1);
	}
}

static void test_usual_names_are_reported_whatever_is_known(void **state)
{
	(void)state;
	note_unrelated("auth", ~0ULL);
	run_as("auth");
	assert_int_equal(seen.count, 1);
	assert_int_equal(seen.exec.usual, 1);
}

static unsigned int ends_of(const char *name)
{
	seen.ended = 0;
	seen.name = name;
	run_as(name);
	seen.name = NULL;
	return seen.ended;
}

/* Names of their own: others may run a Dovecot meanwhile. */
static void test_the_end_of_a_master_is_reported(void **state)
{
	(void)state;
	assert_int_equal(ends_of("dovecot-own"), 1);
	assert_int_equal(ends_of("dovecots"), 1);
	assert_int_equal(ends_of("dovecot-lda"), 0);
	assert_int_equal(ends_of("doveadm"), 0);
	assert_int_equal(ends_of("imap-own"), 0);
}

static __u64 count_of(__u32 reason)
{
	__u64 count = 0;

	assert_int_equal(bpf_map__lookup_elem(skel->maps.exec_counts, &reason, sizeof(reason),
					      &count, sizeof(count), 0),
			 0);
	return count;
}

static void run_made_up_names(int count)
{
	char name[16];

	for (int i = 0; i < count; i++) {
		(void)snprintf(name, sizeof(name), "made-up-%d", i);
		run_as(name);
	}
}

/* Somebody who makes names up gets no more than a share of our time; Dovecot's are always
 * reported. */
static void test_unknown_names_beyond_the_budget_are_counted(void **state)
{
	(void)state;
	for (int i = 0; i < 10; i++) {
		run_made_up_names(1);
		assert_int_equal(seen.count, 0);
	}
	assert_int_equal(seen.unknown, 0);
	assert_true(count_of(DOVETAP_EXEC_UNASKED) >= 10);
	run_as("dovecot");
	assert_int_equal(seen.count, 1);
}

static __u64 this_second(void)
{
	struct timespec now;

	assert_int_equal(clock_gettime(CLOCK_MONOTONIC, &now), 0);
	return (__u64)now.tv_sec;
}

/* All names of all processes count: those of others take from the budget as ours do. Two CPUs that
 * begin a second together may each report one more. */
static void test_the_budget_is_so_many_a_second(void **state)
{
	__u64 cpus = (__u64)libbpf_num_possible_cpus(), first, end, seconds;

	(void)state;
	first = this_second();
	do { /* into the third second at least, so that two begin with a full budget */
		run_made_up_names(4 * BUDGET);
		end = this_second();
	} while (end < first + 2);
	seconds = end - first + 1;
	assert_in_range(seen.unknown, 2 * BUDGET, seconds * (BUDGET + cpus));
	assert_true(count_of(DOVETAP_EXEC_UNASKED) > 0);
}

/* With a ring of one page and nobody who reads, what does not fit is counted. */
static void test_full_ring_is_counted(void **state)
{
	const unsigned int starts =
		SMALL_RING / (8 + 24) + 10; /* header of the kernel, rounded record */

	(void)state;
	for (unsigned int i = 0; i < starts; i++)
		start_as("dovecot");
	assert_true(count_of(DOVETAP_EXEC_DROPPED) >= 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_names_of_dovecot_are_reported, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_long_names_are_reported_cut, setup, teardown),
		cmocka_unit_test_setup_teardown(test_other_names_are_reported_until_they_are_known,
						setup, teardown),
		cmocka_unit_test_setup_teardown(test_usual_names_are_reported_whatever_is_known,
						setup, teardown),
		cmocka_unit_test_setup_teardown(test_the_end_of_a_master_is_reported, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_unknown_names_beyond_the_budget_are_counted,
						setup_no_budget, teardown),
		cmocka_unit_test_setup_teardown(test_the_budget_is_so_many_a_second, setup_budget,
						teardown),
		cmocka_unit_test_setup_teardown(test_full_ring_is_counted, setup_small_ring,
						teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
