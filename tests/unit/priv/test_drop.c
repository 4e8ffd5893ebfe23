/* SPDX-License-Identifier: MIT */
/*
 * Rights are given up in a child process, which then tries to use them. As root this shows that
 * they are gone; as somebody else, that the same steps work for who has none.
 */
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "../cmocka_all.h"
#include "child.h"
#include "priv/drop.h"
#include "priv/sandbox.h"

static int drop(void)
{
	struct priv_user user;
	struct error error;

	if (priv_user_find(NULL, &user, &error) < 0 || priv_drop(&user, &error) < 0) {
		fprintf(stderr, "%s\n", error.text);
		return -1;
	}
	return 0;
}

static int rights_are_gone(void)
{
	union bpf_attr map = {
		.map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 4, .max_entries = 1};

	EXPECT(drop() == 0);
	EXPECT(getuid() != 0 && geteuid() != 0 && getgid() != 0);
	EXPECT(getuid() != 0 || getgroups(0, NULL) == 0);
	EXPECT(setuid(0) < 0 && errno == EPERM);
	EXPECT(setgid(0) < 0 && errno == EPERM);
	EXPECT(open("/etc/shadow", O_RDONLY | O_CLOEXEC) < 0 && errno == EACCES);
	EXPECT(kill(1, 0) < 0 && errno == EPERM);
	EXPECT(syscall(SYS_bpf, BPF_MAP_CREATE, &map, sizeof(map)) < 0 && errno == EPERM);
	EXPECT(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1);
	return 0;
}

static void test_rights_are_gone_in_the_child(void **state)
{
	(void)state;
	run_in_child(rights_are_gone);
}

static void *thread_main(void *arg)
{
	return arg;
}

static int sandbox_allows_the_work(void)
{
	struct timespec moment = {0, 1};
	pthread_t thread;
	int fd;

	EXPECT(drop() == 0);
	EXPECT(priv_sandbox_enter(PRIV_COLLECTOR, NULL) == 0);
	EXPECT(pthread_create(&thread, NULL, thread_main, NULL) == 0);
	EXPECT(pthread_join(thread, NULL) == 0);
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	EXPECT(fd >= 0 && close(fd) == 0);
	fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
	EXPECT(fd >= 0 && close(fd) == 0);
	fd = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	EXPECT(fd >= 0);
	EXPECT(write(fd, "x", 1) == 1 && fdatasync(fd) == 0 && ftruncate(fd, 0) == 0);
	EXPECT(close(fd) == 0);
	EXPECT(nanosleep(&moment, NULL) == 0);
	return 0;
}

static void test_the_sandbox_allows_the_collectors_work(void **state)
{
	(void)state;
	run_in_child(sandbox_allows_the_work);
}

static int sandbox_denies_the_rest(void)
{
	char *const arguments[] = {(char *)"true", NULL};

	EXPECT(drop() == 0);
	EXPECT(execv("/nonexistent", arguments) < 0 && errno == ENOENT); /* not yet */
	EXPECT(priv_sandbox_enter(PRIV_COLLECTOR, NULL) == 0);
	EXPECT(execv("/nonexistent", arguments) < 0 && errno == EPERM);
	EXPECT(execv("/bin/true", arguments) < 0 && errno == EPERM);
	EXPECT(ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0 && errno == EPERM);
	EXPECT(syscall(SYS_unshare, 0x10000000 /* CLONE_NEWUSER */) < 0 && errno == EPERM);
	EXPECT(syscall(SYS_clone, 0x10000000UL | SIGCHLD, 0, 0, 0, 0) < 0 && errno == EPERM);
	EXPECT(syscall(SYS_bpf, 0, NULL, 0) < 0 && errno == EPERM);
	EXPECT(syscall(SYS_keyctl, 0, 0, 0, 0, 0) < 0 && errno == EPERM);
	EXPECT(syscall(SYS_io_uring_setup, 1, NULL) < 0 && errno == EPERM);
	EXPECT(syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0) < 0 && errno == EPERM); /* a process */
	EXPECT(socket(AF_PACKET, SOCK_RAW, 0) < 0 && errno == EPERM);
	EXPECT(socket(AF_ALG, SOCK_SEQPACKET, 0) < 0 && errno == EPERM);
	EXPECT(kill(getppid(), 0) < 0 && errno == EPERM);
	EXPECT(prctl(PR_SET_DUMPABLE, 1) < 0 && errno == EPERM);
	EXPECT(ioctl(0, TIOCSTI, "x") < 0 && errno == EPERM);
	EXPECT(mmap(NULL, 4096, PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) ==
		       MAP_FAILED &&
	       errno == EPERM);
	return 0;
}

static void test_the_sandbox_denies_the_rest(void **state)
{
	(void)state;
	run_in_child(sandbox_denies_the_rest);
}

/* Its children: a program, and a collector that is in the attacher's sandbox and its own. */
static int attacher_starts_processes(void)
{
	pid_t pid;
	int status;

	EXPECT(priv_sandbox_enter(PRIV_ATTACHER, NULL) == 0);
	pid = fork();
	if (pid == 0) {
		execl("/bin/true", "true", NULL);
		_exit(1);
	}
	EXPECT(waitpid(pid, &status, 0) == pid && status == 0);
	pid = fork();
	if (pid == 0)
		_exit(sandbox_allows_the_work() == 0 ? 0 : 1);
	EXPECT(waitpid(pid, &status, 0) == pid && status == 0);
	return 0;
}

static void test_the_attachers_sandbox_allows_its_children(void **state)
{
	(void)state;
	run_in_child(attacher_starts_processes);
}

static int attachers_sandbox_denies_the_rest(void)
{
	EXPECT(priv_sandbox_enter(PRIV_ATTACHER, NULL) == 0);
	EXPECT(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1);
	EXPECT(ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0 && errno == EPERM);
	EXPECT(syscall(SYS_mount, "none", "/mnt", "tmpfs", 0, NULL) < 0 && errno == EPERM);
	EXPECT(syscall(SYS_unshare, 0x10000000 /* CLONE_NEWUSER */) < 0 && errno == EPERM);
	EXPECT(syscall(SYS_process_vm_readv, getppid(), NULL, 0, NULL, 0, 0) < 0 && errno == EPERM);
	EXPECT(syscall(SYS_init_module, NULL, 0, "") < 0 && errno == EPERM);
	EXPECT(socket(AF_PACKET, SOCK_RAW, 0) < 0 && errno == EPERM);
	EXPECT(syscall(SYS_bpf, 9999, NULL, 0) < 0 && errno == EINVAL); /* not for the list */
	return 0;
}

static void test_the_attachers_sandbox_denies_the_rest(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	run_in_child(attachers_sandbox_denies_the_rest);
}

static int exec_gives_nothing_back(void)
{
	int channel[2], status;
	char line[64] = "";
	pid_t pid;

	EXPECT(pipe(channel) == 0);
	EXPECT(priv_keep(PRIV_KEEP_COLLECTOR, NULL) == 0);
	pid = fork();
	if (pid == 0) {
		(void)dup2(channel[1], STDOUT_FILENO);
		execl("/bin/grep", "grep", "^CapPrm", "/proc/self/status", NULL);
		_exit(1);
	}
	EXPECT(waitpid(pid, &status, 0) == pid && status == 0);
	EXPECT(read(channel[0], line, sizeof(line) - 1) > 0);
	EXPECT((strtoull(line + strlen("CapPrm:"), NULL, 16) &
		~priv_keep_mask(PRIV_KEEP_COLLECTOR)) == 0);
	return 0;
}

static void test_a_program_started_by_root_gets_no_right_back(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	run_in_child(exec_gives_nothing_back);
}

static int attacher_keeps_little(void)
{
	unsigned int keep = PRIV_KEEP_ATTACH | PRIV_KEEP_COLLECTOR;
	struct error error;

	EXPECT(priv_keep(keep, &error) == 0);
	EXPECT(chown("/", 0, 0) < 0 || geteuid() == 0); /* the owner may, without any right */
	EXPECT(chown("/proc/self", 1, 1) < 0 && errno == EPERM);
	EXPECT(syscall(SYS_mount, "none", "/mnt", "tmpfs", 0, NULL) < 0 && errno == EPERM);
	EXPECT(syscall(SYS_reboot, 0, 0, 0, NULL) < 0 && errno == EPERM);
	return geteuid() == 0 ? rights_are_gone() : 0; /* what it kept is enough for a collector */
}

static void test_the_attacher_keeps_what_it_needs_only(void **state)
{
	(void)state;
	run_in_child(attacher_keeps_little);
}

static void test_users_are_looked_up(void **state)
{
	struct priv_user user;
	struct error error;

	(void)state;
	assert_int_equal(priv_user_find("nobody", &user, &error), 0);
	assert_string_equal(user.name, "nobody");
	assert_int_not_equal(user.uid, 0);
	assert_false(user.fallback);
	assert_int_equal(priv_user_find("no-such-user", &user, &error), -ENOENT);
	assert_string_equal(error.text, "user \"no-such-user\" does not exist");
	assert_int_equal(priv_user_find("root", &user, &error), -EINVAL);
	assert_int_equal(priv_user_find(NULL, &user, &error), 0);
	assert_int_equal(user.fallback, strcmp(user.name, PRIV_FALLBACK_USER) == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rights_are_gone_in_the_child),
		cmocka_unit_test(test_the_sandbox_allows_the_collectors_work),
		cmocka_unit_test(test_the_sandbox_denies_the_rest),
		cmocka_unit_test(test_the_attachers_sandbox_allows_its_children),
		cmocka_unit_test(test_the_attachers_sandbox_denies_the_rest),
		cmocka_unit_test(test_a_program_started_by_root_gets_no_right_back),
		cmocka_unit_test(test_the_attacher_keeps_what_it_needs_only),
		cmocka_unit_test(test_users_are_looked_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
