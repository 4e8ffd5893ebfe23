/* SPDX-License-Identifier: MIT */
/*
 * A master whose file has another name (attach/masters.h): its processes are Dovecot's, and
 * nobody's own file becomes one by being noted.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "attach/kernel_types.h"
#include "attach/maps.h"
#include "attach/masters.h"
#include "origin_processes.h"
#include "unit/cmocka_all.h"

#define OTHER "mail-server"

static enum dovetap_kernel_reads reads;
static struct kernel_facts kernel;
static struct masters *masters;
static struct maps maps;

static void use_masters(struct login_bpf *skel)
{
	skel->rodata->kernel_reads = reads;
	assert_int_equal(bpf_map__reuse_fd(skel->maps.masters, maps.masters_fd), 0);
}

static int set_up(void **state)
{
	struct error error = {0};

	(void)state;
	kernel_facts_find(&kernel, NULL);
	kernel.reads = reads;
	if (maps_open(&maps, 1U << 20, NULL, NULL, &error) < 0)
		fail_msg("%s", error.text);
	assert_int_equal(masters_new(&kernel, maps.masters_fd, &masters), 0);
	origin_watch(use_masters);
	origin_directory_make();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	masters_free(&masters);
	maps_close(&maps);
	origin_directory_remove();
	login_object_release(&origin_object);
	return 0;
}

static int open_path(const char *path)
{
	int fd = open(path, O_PATH | O_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

static const char *note(const char *path)
{
	struct error error = {0};
	int fd = open_path(path);

	if (masters_note(masters, fd, &error) < 0)
		fail_msg("%s", error.text);
	close(fd);
	return path;
}

static bool is_noted(const char *path)
{
	int fd = open_path(path);
	bool is = masters_has(masters, fd);

	close(fd);
	return is;
}

static uint32_t origin_of(const char *user, const char *master)
{
	return ORIGIN(origin_copy("start", 0), "start", user, master, "start",
		      strcmp(user, "0") == 0 ? NOBODY : user, origin_copy("imap", 0), "hit", "1")
		->origin;
}

static void test_one_that_is_noted(void **state)
{
	const struct dovetap_event_process *process;

	(void)state;
	process = ORIGIN(note(origin_copy(OTHER, 0)), "start", NOBODY, origin_copy("imap", 0),
			 "hit", "1");
	assert_int_equal(process->origin, DOVETAP_ORIGIN_MASTER);
	assert_string_equal(process->parent_exe, OTHER);
	assert_int_equal(process->parent_uid, 0);
}

static void test_one_that_is_not(void **state)
{
	(void)state;
	note(origin_copy("another", 0));
	assert_int_equal(origin_of("0", origin_copy(OTHER, 0)), DOVETAP_ORIGIN_ALONE);
}

static void test_a_name_that_is_longer_than_the_kernel_keeps(void **state)
{
	char name[65];

	(void)state;
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	assert_int_equal(origin_of("0", note(origin_copy(name, 0))), DOVETAP_ORIGIN_MASTER);
}

/* Each of the ways to get a file of one's own there. */
static void test_a_user_gets_nothing_by_it(void **state)
{
	(void)state;
	/* His own file, which he runs. */
	assert_int_equal(origin_of(SOMEBODY, note(origin_copy(OTHER, 54321))),
			 DOVETAP_ORIGIN_USER_MASTER);
	/* Root's, which he runs. */
	assert_int_equal(origin_of(SOMEBODY, note(origin_copy("roots", 0))),
			 DOVETAP_ORIGIN_USER_MASTER);
	/* His own, which root runs or another user. */
	assert_int_equal(origin_of("0", note(origin_copy("his", 54321))), DOVETAP_ORIGIN_ALONE);
	assert_int_equal(origin_of("54322", note(origin_copy("hers", 54321))),
			 DOVETAP_ORIGIN_ALONE);
}

static void test_one_in_a_user_namespace_of_his_own(void **state)
{
	(void)state;
	assert_int_equal(ORIGIN(origin_copy("map", 0), "map", SOMEBODY, "0 54321 1",
				note(origin_copy(OTHER, 54321)), "start", "0",
				origin_copy("imap", 0), "hit", "1")
				 ->origin,
			 DOVETAP_ORIGIN_USER_MASTER);
}

static void test_one_in_a_rootless_container(void **state)
{
	(void)state;
	assert_int_equal(ORIGIN(origin_copy("map", 0), "map", SOMEBODY, "0 54321 1\n1 200000 65536",
				note(origin_copy(OTHER, 54321)), "start", "0",
				origin_copy("imap", 0), "hit", "1")
				 ->origin,
			 DOVETAP_ORIGIN_ROOTLESS);
}

static void test_a_replaced_file_is_another(void **state)
{
	const char *path = note(origin_copy(OTHER, 0));
	char before[128];

	(void)state;
	assert_true(is_noted(path));
	snprintf(before, sizeof(before), "%s.before", path);
	assert_int_equal(rename(path, before), 0);
	path = origin_copy(OTHER, 0);
	assert_false(is_noted(path));
	assert_int_equal(origin_of("0", path), DOVETAP_ORIGIN_ALONE);
	/* Its inode has changed with the name; who runs it goes on. */
	assert_int_equal(origin_of("0", before), DOVETAP_ORIGIN_MASTER);
}

static void test_the_next_process_goes_on_with_the_map(void **state)
{
	const char *path = note(origin_copy(OTHER, 0));

	(void)state;
	masters_free(&masters);
	assert_int_equal(masters_new(&kernel, maps.masters_fd, &masters), 0);
	assert_int_equal(origin_of("0", path), DOVETAP_ORIGIN_MASTER);
	note(path);
	assert_true(is_noted(path));
}

static unsigned int entries(void)
{
	struct dovetap_master_file *last = NULL, key;
	unsigned int count = 0;

	while (bpf_map_get_next_key(maps.masters_fd, last, &key) == 0) {
		last = &key;
		count++;
	}
	return count;
}

static void test_files_of_users_push_none_of_roots_out(void **state)
{
	const char *real = note(origin_copy(OTHER, 0));
	char path[128];

	(void)state;
	for (unsigned int i = 0; i < DOVETAP_NOTED_OTHERS + 10; i++) {
		int fd;

		snprintf(path, sizeof(path), "%s/user%u", origin_directory, i);
		fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0755);
		assert_true(fd >= 0);
		assert_int_equal(fchown(fd, 54321, 54321), 0);
		close(fd);
		note(path);
	}
	assert_int_equal(entries(), DOVETAP_NOTED_OTHERS + 1);
	assert_true(is_noted(path));
	assert_int_equal(origin_of("0", real), DOVETAP_ORIGIN_MASTER);
}

static void test_of_users_files_a_few_a_second_are_looked_at(void **state)
{
	int fd = open_path(origin_copy(OTHER, 54321)), looked = 0, roots;

	(void)state;
	for (int i = 0; i < 1000; i++)
		looked += !masters_has(masters, fd);
	assert_in_range(looked, 1, 100);
	close(fd);
	roots = open_path(origin_copy("roots", 0));
	assert_false(masters_has(masters, roots));
	close(roots);
}

static void test_where_nothing_of_the_kernel_can_be_read(void **state)
{
	struct error error = {0};
	int fd = open_path(origin_copy(OTHER, 0));

	(void)state;
	kernel.reads = DOVETAP_KERNEL_NOT;
	assert_int_equal(masters_note(masters, fd, &error), -ENOTSUP);
	close(fd);
}

#define scenario(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

static int try_all(void)
{
	const struct CMUnitTest tests[] = {
		scenario(test_one_that_is_noted),
		scenario(test_one_that_is_not),
		scenario(test_a_name_that_is_longer_than_the_kernel_keeps),
		scenario(test_a_user_gets_nothing_by_it),
		scenario(test_one_in_a_user_namespace_of_his_own),
		scenario(test_one_in_a_rootless_container),
		scenario(test_a_replaced_file_is_another),
		scenario(test_the_next_process_goes_on_with_the_map),
		scenario(test_files_of_users_push_none_of_roots_out),
		scenario(test_of_users_files_a_few_a_second_are_looked_at),
		scenario(test_where_nothing_of_the_kernel_can_be_read),
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
