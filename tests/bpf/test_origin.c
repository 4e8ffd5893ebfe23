/* SPDX-License-Identifier: MIT */
/* Which origin a record has, and what share of the ring (origin_processes.h). */
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "origin_processes.h"
#include "unit/cmocka_all.h"

/* Kernels before 5.11 have only the helper. */
static enum dovetap_kernel_reads reads;

static void read_so(struct login_bpf *skel)
{
	skel->rodata->kernel_reads = reads;
}

static int set_up(void **state)
{
	(void)state;
	origin_watch(read_so);
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

static void test_a_process_of_roots(void **state)
{
	const struct dovetap_event_process *origin;

	(void)state;
	origin = ORIGIN(origin_copy("anything", 0), "hit", "1");
	assert_int_equal(origin->origin, DOVETAP_ORIGIN_ROOT);
	assert_string_equal(origin->exe, "anything");
	assert_int_equal(origin->parent_pid, getpid());
	assert_int_equal(origin->parent_uid, 0);
}

static void test_an_unrelated_program(void **state)
{
	const struct dovetap_event_process *origin;

	(void)state;
	origin = ORIGIN(origin_copy("start", 0), "start", NOBODY, origin_copy("forger", 0), "hit",
			"1");
	assert_int_equal(origin->origin, DOVETAP_ORIGIN_UNRELATED);
	assert_string_equal(origin->exe, "forger");
	assert_int_equal(origin_object.record.head.uid, 65534);
}

static void test_a_copy_of_ones_own_is_no_program_of_dovecots(void **state)
{
	(void)state;
	assert_int_equal(ORIGIN(origin_copy("start", 0), "start", SOMEBODY,
				origin_copy("dovecot-lda", 54321), "hit", "1")
				 ->origin,
			 DOVETAP_ORIGIN_UNRELATED);
}

static void test_a_program_without_a_master(void **state)
{
	const struct dovetap_event_process *origin;

	(void)state;
	origin = ORIGIN(origin_copy("pipe", 0), "start", NOBODY, origin_copy("dovecot-lda", 0),
			"hit", "1");
	assert_int_equal(origin->origin, DOVETAP_ORIGIN_ALONE);
	assert_string_equal(origin->parent_exe, "pipe");
	assert_int_equal(origin->parent_uid, 0);
	assert_int_equal(origin->exe_uid, 0);
}

static void test_a_child_of_the_first_process(void **state)
{
	(void)state;
	assert_int_equal(ORIGIN(origin_copy("contain", 0), "contain", origin_copy("start", 0),
				"start", NOBODY, origin_copy("imap", 0), "hit", "1")
				 ->origin,
			 DOVETAP_ORIGIN_LEFT);
	assert_int_equal(ORIGIN(origin_copy("contain", 0), "contain", origin_copy("start", 0),
				"start", "0", origin_copy("start", 0), "start", NOBODY,
				origin_copy("imap", 0), "hit", "1")
				 ->origin,
			 DOVETAP_ORIGIN_ALONE);
}

static void test_a_name_that_only_begins_like_one(void **state)
{
	(void)state;
	assert_int_equal(ORIGIN(origin_copy("start", 0), "start", NOBODY, origin_copy("imap2", 0),
				"hit", "1")
				 ->origin,
			 DOVETAP_ORIGIN_UNRELATED);
}

static void test_a_process_of_roots_master(void **state)
{
	const struct dovetap_event_process *origin;

	(void)state;
	origin = ORIGIN(origin_copy("dovecot", 0), "start", NOBODY, origin_copy("imap", 0), "hit",
			"1");
	assert_int_equal(origin->origin, DOVETAP_ORIGIN_MASTER);
	assert_string_equal(origin->exe, "imap");
	assert_string_equal(origin->parent_exe, "dovecot");
}

static void test_a_script_between_master_and_process(void **state)
{
	(void)state;
	assert_int_equal(ORIGIN(origin_copy("dovecot", 0), "start", NOBODY,
				origin_copy("script", 0), "start", NOBODY, origin_copy("imap", 0),
				"hit", "1")
				 ->origin,
			 DOVETAP_ORIGIN_MASTER);
}

static void test_a_master_of_a_users(void **state)
{
	const struct dovetap_event_process *origin;

	(void)state;
	origin = ORIGIN(origin_copy("start", 0), "start", NOBODY, origin_copy("dovecot", 0),
			"start", NOBODY, origin_copy("imap", 0), "hit", "1");
	assert_int_equal(origin->origin, DOVETAP_ORIGIN_USER_MASTER);
	assert_int_equal(origin->parent_uid, 65534);
}

static void test_a_master_in_a_user_namespace_of_ones_own(void **state)
{
	const struct dovetap_event_process *origin;

	(void)state;
	origin =
		ORIGIN(origin_copy("map", 0), "map", SOMEBODY, "0 54321 1",
		       origin_copy("dovecot", 0), "start", "0", origin_copy("imap", 0), "hit", "1");
	assert_int_equal(origin->origin, DOVETAP_ORIGIN_USER_MASTER);
	assert_int_equal(origin->owner_uid, 54321);
}

static void test_a_rootless_container(void **state)
{
	const struct dovetap_event_process *origin;

	(void)state;
	origin =
		ORIGIN(origin_copy("map", 0), "map", SOMEBODY, "0 54321 1\n1 200000 65536",
		       origin_copy("dovecot", 0), "start", "0", origin_copy("imap", 0), "hit", "1");
	assert_int_equal(origin->origin, DOVETAP_ORIGIN_ROOTLESS);
	assert_int_equal(origin->owner_uid, 54321);
}

static void test_a_master_without_root_in_roots_container(void **state)
{
	(void)state;
	assert_int_equal(ORIGIN(origin_copy("contain", 0), "contain", origin_copy("start", 0),
				"start", SOMEBODY, origin_copy("dovecot", 0), "start", SOMEBODY,
				origin_copy("imap", 0), "hit", "1")
				 ->origin,
			 DOVETAP_ORIGIN_MASTER);
}

static unsigned int records(void)
{
	unsigned int count = 0;

	while (login_object_try(&origin_object))
		count++;
	return count;
}

static void test_a_flood_of_an_unrelated_program_gets_a_few_records(void **state)
{
	static const char *const flood[] = {"5000", NULL};
	unsigned int count;
	pid_t pid = fork();

	(void)state;
	if (pid == 0) {
		origin_become(NOBODY);
		_exit(origin_hit(flood[0]));
	}
	assert_int_equal(origin_wait_for(pid), EXIT_SUCCESS);
	count = records();
	assert_in_range(count, 1, 100);
	assert_int_equal(login_object_count(&origin_object, DOVETAP_COUNT_BUDGET_UNRELATED),
			 5000 - count);
	assert_int_equal(ORIGIN(origin_copy("anything", 0), "hit", "1")->origin,
			 DOVETAP_ORIGIN_ROOT);
}

/* A ring of a few records, since a flood has to fill it. */
static void small_ring(struct login_bpf *skel)
{
	read_so(skel);
	bpf_map__set_max_entries(skel->maps.events, 256 << 10);
}

static void test_users_program_leaves_half_of_the_ring(void **state)
{
	unsigned int count;

	(void)state;
	login_object_release(&origin_object);
	origin_watch(small_ring);
	ORIGIN(origin_copy("start", 0), "start", NOBODY, origin_copy("imap", 0), "hit", "5000");
	count = 1 + records();
	assert_in_range(count, 60, (128 << 10) / sizeof(struct dovetap_event) + 1);
	assert_int_equal(login_object_count(&origin_object, DOVETAP_COUNT_BUDGET_USER),
			 5000 - count);
	assert_int_equal(login_object_count(&origin_object, DOVETAP_COUNT_RING_FULL), 0);
}

static const char *make_group(const char *name)
{
	static char paths[2][128];
	char *path = paths[name[0] == 'b'];

	snprintf(path, sizeof(paths[0]), "%s/groups", origin_directory);
	if (access(path, F_OK) < 0) {
		assert_int_equal(mkdir(path, 0755), 0);
		assert_int_equal(mount("none", path, "cgroup2", 0, NULL), 0);
	}
	snprintf(path, sizeof(paths[0]), "%s/groups/dovetap-%s-%d", origin_directory, name,
		 (int)getpid());
	assert_int_equal(mkdir(path, 0755), 0);
	return path;
}

/* Runs NAME hit TIMES as a process of a master of root's in that group. */
static void hit_in(const char *group, const char *times)
{
	const char *const argv[] = {origin_copy("join", 0),
				    "join",
				    group,
				    origin_copy("dovecot", 0),
				    "start",
				    NOBODY,
				    origin_copy("imap", 0),
				    "hit",
				    times,
				    NULL};
	pid_t pid = fork();

	if (pid == 0) {
		execv(argv[0], (char *const *)argv);
		_exit(EXIT_FAILURE);
	}
	assert_int_equal(origin_wait_for(pid), EXIT_SUCCESS);
}

static void test_one_dovecot_leaves_room_to_the_others(void **state)
{
	const char *flooded = make_group("a"), *other = make_group("b");
	unsigned long long dropped;

	(void)state;
	login_object_release(&origin_object);
	origin_watch(small_ring);
	hit_in(other, "1");
	hit_in(flooded, "5000");
	dropped = login_object_count(&origin_object, DOVETAP_COUNT_BUDGET_DOVECOT);
	assert_in_range(dropped, 4500, 4999);
	hit_in(other, "20");
	assert_int_equal(login_object_count(&origin_object, DOVETAP_COUNT_BUDGET_DOVECOT), dropped);
	assert_int_equal(login_object_count(&origin_object, DOVETAP_COUNT_RING_FULL), 0);
	assert_int_equal(records(), 5021 - dropped);
	assert_int_equal(rmdir(flooded), 0);
	assert_int_equal(rmdir(other), 0);
}

static void test_a_dovecot_alone_has_the_whole_ring(void **state)
{
	const char *group = make_group("a");

	(void)state;
	login_object_release(&origin_object);
	origin_watch(small_ring);
	hit_in(group, "5000");
	assert_int_equal(login_object_count(&origin_object, DOVETAP_COUNT_BUDGET_DOVECOT), 0);
	assert_true(login_object_count(&origin_object, DOVETAP_COUNT_RING_FULL) > 0);
	assert_int_equal(rmdir(group), 0);
}

#define scenario(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

static int try_all(void)
{
	const struct CMUnitTest tests[] = {
		scenario(test_a_process_of_roots),
		scenario(test_an_unrelated_program),
		scenario(test_a_copy_of_ones_own_is_no_program_of_dovecots),
		scenario(test_a_program_without_a_master),
		scenario(test_a_child_of_the_first_process),
		scenario(test_a_name_that_only_begins_like_one),
		scenario(test_a_process_of_roots_master),
		scenario(test_a_script_between_master_and_process),
		scenario(test_a_master_of_a_users),
		scenario(test_a_master_in_a_user_namespace_of_ones_own),
		scenario(test_a_rootless_container),
		scenario(test_a_master_without_root_in_roots_container),
		scenario(test_a_flood_of_an_unrelated_program_gets_a_few_records),
		scenario(test_users_program_leaves_half_of_the_ring),
		scenario(test_one_dovecot_leaves_room_to_the_others),
		scenario(test_a_dovecot_alone_has_the_whole_ring),
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
