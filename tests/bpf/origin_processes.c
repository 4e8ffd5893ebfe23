/* SPDX-License-Identifier: MIT */
#include "origin_processes.h"

#include <assert.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "target/functions.h"
#include "target/login_image.h"
#include "unit/cmocka_all.h"

#define ABI	  "2.3.ABIv19(2.3.19.1)"
#define COPY_PATH 96

struct login_object origin_object;
char origin_directory[64];

int origin_hit(const char *times)
{
	static struct layout_table table;
	struct mail_user_image image;

	login_table_read(&table);
	mail_user_image_init(&image, &table, ABI, 0, &target_login_plain);
	for (long i = strtol(times, NULL, 10); i > 0; i--)
		hook_mail_user_created(image.user.bytes);
	mail_user_image_release(&image);
	return EXIT_SUCCESS;
}

void origin_become(const char *user)
{
	uid_t uid = (uid_t)strtoul(user, NULL, 10);

	if (setresgid(uid, uid, uid) < 0 || setresuid(uid, uid, uid) < 0)
		_exit(EXIT_FAILURE);
}

int origin_wait_for(pid_t pid)
{
	int status = -1;

	waitpid(pid, &status, 0);
	return status == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int start(char **argv)
{
	pid_t pid = fork();

	if (pid > 0)
		return origin_wait_for(pid);
	origin_become(argv[0]);
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
		return origin_wait_for(pid);
	}
	origin_become(argv[0]);
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
		return origin_wait_for(pid);
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

const char *origin_copy(const char *name, uid_t owner)
{
	static char paths[8][COPY_PATH];
	static unsigned int next;
	char *path = paths[next++ % 8], command[256];

	snprintf(path, COPY_PATH, "%s/%s", origin_directory, name);
	snprintf(command, sizeof(command), "cp /proc/%d/exe %s && chmod 755 %s", (int)getpid(),
		 path, path);
	assert_int_equal(system(command), 0); /* NOLINT(cert-env33-c): a test's own words */
	assert_int_equal(chown(path, owner, owner), 0);
	return path;
}

/* Runs a command, which ends with NULL, and takes its one record. */
const struct dovetap_event_process *origin_process_of(const char *const *argv)
{
	pid_t pid = fork();

	if (pid == 0) {
		execv(argv[0], (char *const *)argv);
		_exit(EXIT_FAILURE);
	}
	assert_int_equal(origin_wait_for(pid), EXIT_SUCCESS);
	login_object_next(&origin_object);
	return &origin_object.record.ordinary.process;
}

void origin_directory_make(void)
{
	snprintf(origin_directory, sizeof(origin_directory), "/tmp/dovetap-origin.XXXXXX");
	assert_non_null(mkdtemp(origin_directory));
	assert_int_equal(chmod(origin_directory, 0755), 0);
}

void origin_directory_remove(void)
{
	char command[128];

	snprintf(command, sizeof(command), "%s/groups", origin_directory);
	(void)umount(command);
	snprintf(command, sizeof(command), "rm -r --one-file-system %s", origin_directory);
	assert_int_equal(system(command), 0); /* NOLINT(cert-env33-c) */
}

void origin_library_path(void)
{
	char here[2048], path[4096];

	assert(getcwd(here, sizeof(here)));
	snprintf(path, sizeof(path), "%s/.output/tests/target", here);
	setenv("LD_LIBRARY_PATH", path, 1);
}

void origin_watch(login_object_setup_t *setup)
{
	login_object_load(&origin_object, layout_find(ABI), setup);
	bpf_link__disconnect(login_object_link_for(-1, origin_object.skel->progs.mail_user_created,
						   "hook_mail_user_created"));
}

bool origin_process_run(int argc, char **argv, int *status_r)
{
	static const struct {
		const char *name;
		int (*run)(char **argv);
	} commands[] = {{"start", start}, {"map", map}, {"contain", contain}, {"join", join}};

	if (argc == 3 && strcmp(argv[1], "hit") == 0) {
		*status_r = origin_hit(argv[2]);
		return true;
	}
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]) && argc > 2; i++) {
		if (strcmp(argv[1], commands[i].name) == 0) {
			*status_r = commands[i].run(argv + 2);
			return true;
		}
	}
	return false;
}
