/* SPDX-License-Identifier: MIT */
/*
 * What outlives its Dovecot master is still that master's, by processes that are what they are:
 * copies of this program under other names, which are left to the test as their reaper.
 *
 * As NAME leave UID COMMAND... it starts a child of that user and ends when that runs its program.
 * As NAME hold SOCKET UID COMMAND... it writes to that descriptor then, and ends when it is closed.
 * As NAME late PID it calls the probed function once PID is its parent; NAME forked PID does so in
 * a child that executes nothing.
 */
#include <assert.h>
#include <bpf/bpf.h>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "attach/descents.h"
#include "attach/kernel_types.h"
#include "login_object.h"
#include "target/functions.h"
#include "target/login_image.h"
#include "unit/cmocka_all.h"

#define ABI	  "2.3.ABIv19(2.3.19.1)"
#define NOBODY	  "65534"
#define COPY_PATH 96

static struct login_object object;
static struct descents *descents;
static struct maps maps;
static char directory[64], reaper[16];

/* --- the processes ---------------------------------------------------------------------------- */

static int late(const char *parent)
{
	static struct layout_table table;
	struct mail_user_image image;

	while (getppid() != (pid_t)strtol(parent, NULL, 10))
		usleep(1000);
	login_table_read(&table);
	mail_user_image_init(&image, &table, ABI, 0, &target_login_plain);
	hook_mail_user_created(image.user.bytes);
	mail_user_image_release(&image);
	return EXIT_SUCCESS;
}

/* Whoever has executed a program has closed the pipe. */
static int leave(char **argv)
{
	uid_t uid = (uid_t)strtoul(argv[0], NULL, 10);
	int ends[2];
	char none;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return EXIT_FAILURE;
	if (fork() == 0) {
		if (setresgid(uid, uid, uid) == 0 && setresuid(uid, uid, uid) == 0)
			execv(argv[1], argv + 1);
		_exit(EXIT_FAILURE);
	}
	close(ends[1]);
	return read(ends[0], &none, 1) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int hold(char **argv)
{
	int end = (int)strtol(argv[0], NULL, 10), ret = leave(argv + 1);
	char byte = 0;

	if (ret != EXIT_SUCCESS || write(end, &byte, 1) != 1)
		return EXIT_FAILURE;
	return read(end, &byte, 1) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int forked(const char *parent)
{
	return fork() == 0 ? late(parent) : EXIT_SUCCESS;
}

/* --- the test --------------------------------------------------------------------------------- */

static const char *copy(const char *name)
{
	static char paths[4][COPY_PATH];
	static unsigned int next;
	char *path = paths[next++ % 4], command[256];

	snprintf(path, COPY_PATH, "%s/%s", directory, name);
	snprintf(command, sizeof(command), "cp /proc/%d/exe %s && chmod 755 %s", (int)getpid(),
		 path, path);
	assert_int_equal(system(command), 0); /* NOLINT(cert-env33-c): a test's own words */
	return path;
}

static void wait_for_all(void)
{
	int status;

	while (waitpid(-1, &status, 0) > 0)
		assert_int_equal(status, 0);
}

static const struct dovetap_event_process *process_of(const char *const *argv)
{
	if (fork() == 0) {
		execv(argv[0], (char *const *)argv);
		_exit(EXIT_FAILURE);
	}
	wait_for_all();
	login_object_next(&object);
	return &object.record.ordinary.process;
}

#define ORIGIN(...) process_of((const char *const[]){__VA_ARGS__, NULL})

static void use_descents(struct login_bpf *skel)
{
	skel->rodata->descents_kept = true;
	assert_int_equal(bpf_map__set_autocreate(skel->maps.descents, true), 0);
	assert_int_equal(bpf_map__reuse_fd(skel->maps.descents, maps.descents_fd), 0);
}

static void remember(void)
{
	struct kernel_facts kernel;
	struct error error = {0};

	kernel_facts_find(&kernel, NULL);
	if (descents_new(&kernel, &maps, NULL, &descents, &error) < 0)
		fail_msg("%s", error.text);
}

static void watch(void)
{
	struct bpf_link *link;

	login_object_load(&object, layout_find(ABI), use_descents);
	link = login_object_link_for(-1, object.skel->progs.mail_user_created,
				     "hook_mail_user_created");
	bpf_link__disconnect(link);
}

static int set_up(void **state)
{
	(void)state;
	maps = (struct maps)MAPS_NONE;
	snprintf(directory, sizeof(directory), "/tmp/dovetap-descents.XXXXXX");
	assert_non_null(mkdtemp(directory));
	assert_int_equal(chmod(directory, 0755), 0);
	return 0;
}

static int tear_down(void **state)
{
	char command[128];

	(void)state;
	descents_free(&descents);
	maps_close(&maps);
	snprintf(command, sizeof(command), "rm -r %s", directory);
	assert_int_equal(system(command), 0); /* NOLINT(cert-env33-c) */
	login_object_release(&object);
	return 0;
}

static void test_a_process_whose_master_has_ended(void **state)
{
	const struct dovetap_event_process *process;

	(void)state;
	remember();
	watch();
	process = ORIGIN(copy("dovecot"), "leave", NOBODY, copy("auth"), "late", reaper);
	assert_int_equal(process->origin, DOVETAP_ORIGIN_MASTER);
	assert_string_equal(process->exe, "auth");
	assert_string_equal(process->parent_exe, "dovecot");
	assert_int_equal(process->parent_uid, 0);
	assert_int_not_equal(process->parent_pid, getpid());
}

static void test_a_process_that_ran_before(void **state)
{
	char end[16], byte;
	int ends[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	assert_int_equal(fcntl(ends[0], F_SETFD, FD_CLOEXEC), 0);
	snprintf(end, sizeof(end), "%d", ends[1]);
	if (fork() == 0) {
		execl(copy("dovecot"), "dovecot", "hold", end, NOBODY, copy("auth"), "late", reaper,
		      NULL);
		_exit(EXIT_FAILURE);
	}
	close(ends[1]);
	assert_int_equal(read(ends[0], &byte, 1), 1);
	remember();
	watch();
	close(ends[0]);
	wait_for_all();
	login_object_next(&object);
	assert_int_equal(object.record.ordinary.process.origin, DOVETAP_ORIGIN_MASTER);
}

static void test_a_process_of_nobody(void **state)
{
	(void)state;
	remember();
	watch();
	assert_int_equal(
		ORIGIN(copy("start"), "leave", NOBODY, copy("auth"), "late", reaper)->origin,
		DOVETAP_ORIGIN_UNRELATED);
}

static void test_a_child_inherits_nothing(void **state)
{
	(void)state;
	remember();
	watch();
	assert_int_equal(
		ORIGIN(copy("dovecot"), "leave", NOBODY, copy("auth"), "forked", reaper)->origin,
		DOVETAP_ORIGIN_UNRELATED);
}

static void test_without_the_storage(void **state)
{
	const struct kernel_facts unknown = {.reads = DOVETAP_KERNEL_NOT};
	struct error error = {0};

	(void)state;
	assert_int_equal(descents_new(&unknown, &maps, NULL, &descents, &error), -ENOTSUP);
	assert_null(descents);
	assert_int_equal(maps.descents_fd, -1);
}

static void test_the_map_that_was_kept(void **state)
{
	struct kernel_facts kernel;
	struct error error = {0};
	uint32_t id;

	(void)state;
	remember();
	id = maps.descents_id;
	descents_free(&descents);
	kernel_facts_find(&kernel, NULL);
	assert_int_equal(descents_new(&kernel, &maps, NULL, &descents, &error), 0);
	assert_int_equal(maps.descents_id, id);
}

static bool kernel_can(void)
{
	struct kernel_facts kernel;
	struct maps none = MAPS_NONE;
	struct error error;
	int ret;

	kernel_facts_find(&kernel, NULL);
	ret = descents_new(&kernel, &none, NULL, &descents, &error);
	descents_free(&descents);
	maps_close(&none);
	return ret != -ENOTSUP;
}

#define scenario(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

static int try_all(void)
{
	const struct CMUnitTest old[] = {
		scenario(test_without_the_storage),
	};
	const struct CMUnitTest tests[] = {
		scenario(test_a_process_whose_master_has_ended),
		scenario(test_a_process_that_ran_before),
		scenario(test_a_process_of_nobody),
		scenario(test_a_child_inherits_nothing),
		scenario(test_the_map_that_was_kept),
		scenario(test_without_the_storage),
	};
	char here[2048], path[4096];

	/* The copies find the library, whoever runs them. */
	assert(getcwd(here, sizeof(here)));
	snprintf(path, sizeof(path), "%s/.output/tests/target", here);
	setenv("LD_LIBRARY_PATH", path, 1);
	snprintf(reaper, sizeof(reaper), "%d", (int)getpid());
	assert(prctl(PR_SET_CHILD_SUBREAPER, 1) == 0);
	if (!kernel_can())
		return cmocka_run_group_tests(old, NULL, NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(int argc, char **argv)
{
	if (argc > 3 && strcmp(argv[1], "leave") == 0)
		return leave(argv + 2);
	if (argc > 4 && strcmp(argv[1], "hold") == 0)
		return hold(argv + 2);
	if (argc == 3 && strcmp(argv[1], "late") == 0)
		return late(argv[2]);
	if (argc == 3 && strcmp(argv[1], "forked") == 0)
		return forked(argv[2]);
	return try_all();
}
