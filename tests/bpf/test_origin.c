/* SPDX-License-Identifier: MIT */
/*
 * Which origin a record has, by processes that are what they are: copies of this program under
 * other names, started by other users, in other namespaces. Each calls the probed function itself.
 *
 * As NAME hit it calls it; as NAME start UID COMMAND... it starts a child of that user and waits.
 */
#include <assert.h>
#include <bpf/bpf.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "login_object.h"
#include "target/functions.h"
#include "target/login_image.h"
#include "unit/cmocka_all.h"

#define ABI	  "2.3.ABIv19(2.3.19.1)"
#define NOBODY	  "65534"
#define SOMEBODY  "54321" /* no account has it */
#define COPY_PATH 96

static struct layout_table table;
static struct login_object object;
static char directory[64];

/* --- the processes ---------------------------------------------------------------------------- */

static int hit(const char *times)
{
	struct mail_user_image image;

	login_table_read(&table);
	mail_user_image_init(&image, &table, ABI, 0, &target_login_plain);
	for (long i = strtol(times, NULL, 10); i > 0; i--)
		hook_mail_user_created(image.user.bytes);
	mail_user_image_release(&image);
	return EXIT_SUCCESS;
}

static void become(const char *user)
{
	uid_t uid = (uid_t)strtoul(user, NULL, 10);

	if (setresgid(uid, uid, uid) < 0 || setresuid(uid, uid, uid) < 0)
		_exit(EXIT_FAILURE);
}

static int wait_for(pid_t pid)
{
	int status = -1;

	waitpid(pid, &status, 0);
	return status == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int start(char **argv)
{
	pid_t pid = fork();

	if (pid > 0)
		return wait_for(pid);
	become(argv[0]);
	execv(argv[1], argv + 1);
	_exit(EXIT_FAILURE);
}

static void print(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		_exit(EXIT_FAILURE);
	close(fd);
}

/* map UID MAP COMMAND...: that user makes a user namespace, which root gives the map. */
static int map(char **argv)
{
	int ready[2], mapped[2];
	char path[64], byte = 0;
	pid_t pid;

	if (pipe(ready) < 0 || pipe(mapped) < 0)
		return EXIT_FAILURE;
	pid = fork();
	if (pid > 0) {
		(void)!read(ready[0], &byte, 1);
		snprintf(path, sizeof(path), "/proc/%d/uid_map", (int)pid);
		print(path, argv[1]);
		snprintf(path, sizeof(path), "/proc/%d/gid_map", (int)pid);
		print(path, argv[1]);
		(void)!write(mapped[1], &byte, 1);
		return wait_for(pid);
	}
	become(argv[0]);
	if (unshare(CLONE_NEWUSER) < 0)
		_exit(EXIT_FAILURE);
	(void)!write(ready[1], &byte, 1);
	(void)!read(mapped[0], &byte, 1);
	execv(argv[2], argv + 2);
	_exit(EXIT_FAILURE);
}

/* contain COMMAND...: in a pid namespace of root's. */
static int contain(char **argv)
{
	pid_t pid;

	if (unshare(CLONE_NEWPID) < 0)
		return EXIT_FAILURE;
	pid = fork();
	if (pid > 0)
		return wait_for(pid);
	execv(argv[0], argv);
	_exit(EXIT_FAILURE);
}

/* join GROUP COMMAND...: in that control group. */
static int join(char **argv)
{
	char path[192], pid[16];

	snprintf(path, sizeof(path), "%s/cgroup.procs", argv[0]);
	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	print(path, pid);
	execv(argv[1], argv + 1);
	_exit(EXIT_FAILURE);
}

/* --- the test --------------------------------------------------------------------------------- */

static const char *copy(const char *name, uid_t owner)
{
	static char paths[8][COPY_PATH];
	static unsigned int next;
	char *path = paths[next++ % 8], command[256];

	snprintf(path, COPY_PATH, "%s/%s", directory, name);
	snprintf(command, sizeof(command), "cp /proc/%d/exe %s && chmod 755 %s", (int)getpid(),
		 path, path);
	assert_int_equal(system(command), 0); /* NOLINT(cert-env33-c): a test's own words */
	assert_int_equal(chown(path, owner, owner), 0);
	return path;
}

/* Runs a command, which ends with NULL, and takes its one record. */
static const struct dovetap_event_process *process_of(const char *const *argv)
{
	pid_t pid = fork();

	if (pid == 0) {
		execv(argv[0], (char *const *)argv);
		_exit(EXIT_FAILURE);
	}
	assert_int_equal(wait_for(pid), EXIT_SUCCESS);
	login_object_next(&object);
	return &object.record.ordinary.process;
}

#define ORIGIN(...) process_of((const char *const[]){__VA_ARGS__, NULL})

/* Kernels before 5.11 have only the helper. */
static enum dovetap_kernel_reads reads;

static void read_so(struct login_bpf *skel)
{
	skel->rodata->kernel_reads = reads;
}

static int set_up(void **state)
{
	struct bpf_link *link;

	(void)state;
	login_object_load(&object, layout_find(ABI), read_so);
	link = login_object_link_for(-1, object.skel->progs.mail_user_created,
				     "hook_mail_user_created");
	bpf_link__disconnect(link);
	snprintf(directory, sizeof(directory), "/tmp/dovetap-origin.XXXXXX");
	assert_non_null(mkdtemp(directory));
	assert_int_equal(chmod(directory, 0755), 0);
	return 0;
}

static int tear_down(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "%s/groups", directory);
	(void)umount(command);
	snprintf(command, sizeof(command), "rm -r --one-file-system %s", directory);
	assert_int_equal(system(command), 0); /* NOLINT(cert-env33-c) */
	login_object_release(&object);
	return 0;
}

static void test_a_process_of_roots(void **state)
{
	const struct dovetap_event_process *origin;

	(void)state;
	origin = ORIGIN(copy("anything", 0), "hit", "1");
	assert_int_equal(origin->origin, DOVETAP_ORIGIN_ROOT);
	assert_string_equal(origin->exe, "anything");
	assert_int_equal(origin->parent_pid, getpid());
	assert_int_equal(origin->parent_uid, 0);
}

static void test_an_unrelated_program(void **state)
{
	const struct dovetap_event_process *origin;

	(void)state;
	origin = ORIGIN(copy("start", 0), "start", NOBODY, copy("forger", 0), "hit", "1");
	assert_int_equal(origin->origin, DOVETAP_ORIGIN_UNRELATED);
	assert_string_equal(origin->exe, "forger");
	assert_int_equal(object.record.head.uid, 65534);
}

static void test_a_copy_of_ones_own_is_no_program_of_dovecots(void **state)
{
	(void)state;
	assert_int_equal(
		ORIGIN(copy("start", 0), "start", SOMEBODY, copy("dovecot-lda", 54321), "hit", "1")
			->origin,
		DOVETAP_ORIGIN_UNRELATED);
}

static void test_a_program_without_a_master(void **state)
{
	const struct dovetap_event_process *origin;

	(void)state;
	origin = ORIGIN(copy("pipe", 0), "start", NOBODY, copy("dovecot-lda", 0), "hit", "1");
	assert_int_equal(origin->origin, DOVETAP_ORIGIN_ALONE);
	assert_string_equal(origin->parent_exe, "pipe");
	assert_int_equal(origin->parent_uid, 0);
	assert_int_equal(origin->exe_uid, 0);
}

static void test_a_child_of_the_first_process(void **state)
{
	(void)state;
	assert_int_equal(ORIGIN(copy("contain", 0), "contain", copy("start", 0), "start", NOBODY,
				copy("imap", 0), "hit", "1")
				 ->origin,
			 DOVETAP_ORIGIN_LEFT);
	assert_int_equal(ORIGIN(copy("contain", 0), "contain", copy("start", 0), "start", "0",
				copy("start", 0), "start", NOBODY, copy("imap", 0), "hit", "1")
				 ->origin,
			 DOVETAP_ORIGIN_ALONE);
}

static void test_a_name_that_only_begins_like_one(void **state)
{
	(void)state;
	assert_int_equal(
		ORIGIN(copy("start", 0), "start", NOBODY, copy("imap2", 0), "hit", "1")->origin,
		DOVETAP_ORIGIN_UNRELATED);
}

static void test_a_process_of_roots_master(void **state)
{
	const struct dovetap_event_process *origin;

	(void)state;
	origin = ORIGIN(copy("dovecot", 0), "start", NOBODY, copy("imap", 0), "hit", "1");
	assert_int_equal(origin->origin, DOVETAP_ORIGIN_MASTER);
	assert_string_equal(origin->exe, "imap");
	assert_string_equal(origin->parent_exe, "dovecot");
}

static void test_a_script_between_master_and_process(void **state)
{
	(void)state;
	assert_int_equal(ORIGIN(copy("dovecot", 0), "start", NOBODY, copy("script", 0), "start",
				NOBODY, copy("imap", 0), "hit", "1")
				 ->origin,
			 DOVETAP_ORIGIN_MASTER);
}

static void test_a_master_of_a_users(void **state)
{
	const struct dovetap_event_process *origin;

	(void)state;
	origin = ORIGIN(copy("start", 0), "start", NOBODY, copy("dovecot", 0), "start", NOBODY,
			copy("imap", 0), "hit", "1");
	assert_int_equal(origin->origin, DOVETAP_ORIGIN_USER_MASTER);
	assert_int_equal(origin->parent_uid, 65534);
}

static void test_a_master_in_a_user_namespace_of_ones_own(void **state)
{
	const struct dovetap_event_process *origin;

	(void)state;
	origin = ORIGIN(copy("map", 0), "map", SOMEBODY, "0 54321 1", copy("dovecot", 0), "start",
			"0", copy("imap", 0), "hit", "1");
	assert_int_equal(origin->origin, DOVETAP_ORIGIN_USER_MASTER);
	assert_int_equal(origin->owner_uid, 54321);
}

static void test_a_rootless_container(void **state)
{
	const struct dovetap_event_process *origin;

	(void)state;
	origin = ORIGIN(copy("map", 0), "map", SOMEBODY, "0 54321 1\n1 200000 65536",
			copy("dovecot", 0), "start", "0", copy("imap", 0), "hit", "1");
	assert_int_equal(origin->origin, DOVETAP_ORIGIN_ROOTLESS);
	assert_int_equal(origin->owner_uid, 54321);
}

static void test_a_master_without_root_in_roots_container(void **state)
{
	(void)state;
	assert_int_equal(ORIGIN(copy("contain", 0), "contain", copy("start", 0), "start", SOMEBODY,
				copy("dovecot", 0), "start", SOMEBODY, copy("imap", 0), "hit", "1")
				 ->origin,
			 DOVETAP_ORIGIN_MASTER);
}

static unsigned int records(void)
{
	unsigned int count = 0;

	while (login_object_try(&object))
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
		become(NOBODY);
		_exit(hit(flood[0]));
	}
	assert_int_equal(wait_for(pid), EXIT_SUCCESS);
	count = records();
	assert_in_range(count, 1, 100);
	assert_int_equal(login_object_count(&object, DOVETAP_COUNT_BUDGET_UNRELATED), 5000 - count);
	assert_int_equal(ORIGIN(copy("anything", 0), "hit", "1")->origin, DOVETAP_ORIGIN_ROOT);
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
	login_object_release(&object);
	login_object_load(&object, layout_find(ABI), small_ring);
	bpf_link__disconnect(login_object_link_for(-1, object.skel->progs.mail_user_created,
						   "hook_mail_user_created"));
	ORIGIN(copy("start", 0), "start", NOBODY, copy("imap", 0), "hit", "5000");
	count = 1 + records();
	assert_in_range(count, 60, (128 << 10) / sizeof(struct dovetap_event) + 1);
	assert_int_equal(login_object_count(&object, DOVETAP_COUNT_BUDGET_USER), 5000 - count);
	assert_int_equal(login_object_count(&object, DOVETAP_COUNT_RING_FULL), 0);
}

static const char *make_group(const char *name)
{
	static char paths[2][128];
	char *path = paths[name[0] == 'b'];

	snprintf(path, sizeof(paths[0]), "%s/groups", directory);
	if (access(path, F_OK) < 0) {
		assert_int_equal(mkdir(path, 0755), 0);
		assert_int_equal(mount("none", path, "cgroup2", 0, NULL), 0);
	}
	snprintf(path, sizeof(paths[0]), "%s/groups/dovetap-%s-%d", directory, name, (int)getpid());
	assert_int_equal(mkdir(path, 0755), 0);
	return path;
}

/* Runs NAME hit TIMES as a process of a master of root's in that group. */
static void hit_in(const char *group, const char *times)
{
	const char *const argv[] = {copy("join", 0), "join", group,	      copy("dovecot", 0),
				    "start",	     NOBODY, copy("imap", 0), "hit",
				    times,	     NULL};
	pid_t pid = fork();

	if (pid == 0) {
		execv(argv[0], (char *const *)argv);
		_exit(EXIT_FAILURE);
	}
	assert_int_equal(wait_for(pid), EXIT_SUCCESS);
}

static void test_one_dovecot_leaves_room_to_the_others(void **state)
{
	const char *flooded = make_group("a"), *other = make_group("b");
	unsigned long long dropped;

	(void)state;
	login_object_release(&object);
	login_object_load(&object, layout_find(ABI), small_ring);
	bpf_link__disconnect(login_object_link_for(-1, object.skel->progs.mail_user_created,
						   "hook_mail_user_created"));
	hit_in(other, "1");
	hit_in(flooded, "5000");
	dropped = login_object_count(&object, DOVETAP_COUNT_BUDGET_DOVECOT);
	assert_in_range(dropped, 4500, 4999);
	hit_in(other, "20");
	assert_int_equal(login_object_count(&object, DOVETAP_COUNT_BUDGET_DOVECOT), dropped);
	assert_int_equal(login_object_count(&object, DOVETAP_COUNT_RING_FULL), 0);
	assert_int_equal(records(), 5021 - dropped);
	assert_int_equal(rmdir(flooded), 0);
	assert_int_equal(rmdir(other), 0);
}

static void test_a_dovecot_alone_has_the_whole_ring(void **state)
{
	const char *group = make_group("a");

	(void)state;
	login_object_release(&object);
	login_object_load(&object, layout_find(ABI), small_ring);
	bpf_link__disconnect(login_object_link_for(-1, object.skel->progs.mail_user_created,
						   "hook_mail_user_created"));
	hit_in(group, "5000");
	assert_int_equal(login_object_count(&object, DOVETAP_COUNT_BUDGET_DOVECOT), 0);
	assert_true(login_object_count(&object, DOVETAP_COUNT_RING_FULL) > 0);
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
	char here[2048], path[4096];
	int failed;

	/* The copies find the library, whoever runs them. */
	assert(getcwd(here, sizeof(here)));
	snprintf(path, sizeof(path), "%s/.output/tests/target", here);
	setenv("LD_LIBRARY_PATH", path, 1);
	reads = DOVETAP_KERNEL_HELPER;
	failed = cmocka_run_group_tests_name("by the helper", tests, NULL, NULL);
	if (libbpf_probe_bpf_helper(BPF_PROG_TYPE_KPROBE, BPF_FUNC_get_current_task_btf, NULL) <= 0)
		return failed;
	reads = DOVETAP_KERNEL_TYPED;
	return failed + cmocka_run_group_tests_name("by types", tests, NULL, NULL);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*run)(char **argv);
	} commands[] = {{"start", start}, {"map", map}, {"contain", contain}, {"join", join}};

	if (argc == 3 && strcmp(argv[1], "hit") == 0)
		return hit(argv[2]);
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]) && argc > 2; i++) {
		if (strcmp(argv[1], commands[i].name) == 0)
			return commands[i].run(argv + 2);
	}
	return try_all();
}
