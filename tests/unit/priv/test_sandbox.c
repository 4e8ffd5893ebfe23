/* SPDX-License-Identifier: MIT */
/* What each process may still do, tried in a process that has entered its sandbox. */
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>

#include "child.h"
#include "priv/sandbox.h"
#include "priv/status.h"

#define EXPECT_ERRNO(call, code)                                                                   \
	do {                                                                                       \
		errno = 0;                                                                         \
		if ((long)(call) != -1 || errno != (code))                                         \
			return __LINE__;                                                           \
	} while (0)

/* Nobody may run other programs' code, look into others, or get rights by a namespace. */
static int expect_no_escape(void)
{
	char *const argv[] = {(char *)"true", NULL};
	static char page[8192];
	void *at = (void *)(((uintptr_t)page + 4095) & ~(uintptr_t)4095);

	EXPECT_ERRNO(execve("/bin/true", argv, NULL), EPERM);
	EXPECT_ERRNO(ptrace(PTRACE_ATTACH, getppid(), 0, 0), EPERM);
	EXPECT_ERRNO(syscall(SYS_unshare, CLONE_NEWUSER), EPERM);
	EXPECT_ERRNO(syscall(SYS_clone3, NULL, 0), ENOSYS);
	EXPECT_ERRNO(syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0), EPERM);
	EXPECT_ERRNO(syscall(SYS_setuid, 0), EPERM);
	EXPECT_ERRNO(syscall(SYS_mprotect, at, 4096, PROT_READ | PROT_EXEC), EPERM);
	EXPECT_ERRNO(syscall(SYS_mmap, NULL, 4096, PROT_WRITE | PROT_EXEC,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
		     EPERM);
	EXPECT_ERRNO(socket(AF_PACKET, SOCK_RAW, 0), EPERM);
	return 0;
}

static void *end_at_once(void *context)
{
	return context;
}

static int a_collector(void)
{
	struct priv_status status;
	pthread_t thread;
	int fd;

	EXPECT(priv_sandbox_enter(PRIV_COLLECTOR, NULL) == 0);
	EXPECT(priv_status_read(getpid(), &status) == 0);
	EXPECT(status.no_new_privs && status.seccomp);
	EXPECT(expect_no_escape() == 0);
	EXPECT_ERRNO(kill(getppid(), 0), EPERM);
	EXPECT_ERRNO(syscall(SYS_tgkill, getppid(), getppid(), 0), EPERM);
	EXPECT(syscall(SYS_tgkill, getpid(), getpid(), 0) == 0);
	EXPECT_ERRNO(syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0), EPERM); /* no process */
	EXPECT_ERRNO(syscall(SYS_bpf, 0, 0, 0), EPERM);
	EXPECT_ERRNO(syscall(SYS_perf_event_open, NULL, 0, 0, 0, 0), EPERM);
	EXPECT(pthread_create(&thread, NULL, end_at_once, NULL) == 0);
	EXPECT(pthread_join(thread, NULL) == 0);
	fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	EXPECT(fd >= 0 && write(fd, "x", 1) == 1);
	EXPECT(socket(AF_INET, SOCK_STREAM, 0) >= 0);
	EXPECT(socket(AF_UNIX, SOCK_STREAM, 0) >= 0);
	EXPECT(prctl(PR_SET_NAME, "x") == 0);
	EXPECT_ERRNO(prctl(PR_SET_DUMPABLE, 1), EPERM);
	return 0;
}

static int an_attacher(void)
{
	pid_t pid;

	EXPECT(priv_sandbox_enter(PRIV_ATTACHER, NULL) == 0);
	EXPECT_ERRNO(syscall(SYS_unshare, CLONE_NEWUSER), EPERM);
	EXPECT_ERRNO(ptrace(PTRACE_ATTACH, getppid(), 0, 0), EPERM);
	EXPECT_ERRNO(syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0), EPERM);
	EXPECT_ERRNO(socket(AF_PACKET, SOCK_RAW, 0), EPERM);
	errno = 0;
	EXPECT(syscall(SYS_bpf, -1, 0, 0) < 0 && errno != EPERM); /* it reaches the kernel */
	pid = (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
	if (pid == 0)
		_exit(0);
	EXPECT(pid > 0 && waitpid(pid, NULL, 0) == pid);
	return 0;
}

static int a_searcher(void)
{
	EXPECT(priv_sandbox_enter(PRIV_SEARCHER, NULL) == 0);
	EXPECT(expect_no_escape() == 0);
	EXPECT_ERRNO(syscall(SYS_bpf, 0, 0, 0), EPERM);
	EXPECT_ERRNO(socket(AF_INET, SOCK_STREAM, 0), EPERM);
	EXPECT_ERRNO(open("/dev/null", O_WRONLY), EPERM);
	EXPECT_ERRNO(open("/dev/null", O_RDWR), EPERM);
	EXPECT_ERRNO(open("/tmp", O_TMPFILE | O_RDWR, 0600), EPERM);
	EXPECT_ERRNO(open("/dev/null", O_RDONLY | O_TRUNC), EPERM);
	EXPECT_ERRNO(unlink("/tmp/dovetap-no-such-file"), EPERM);
	EXPECT(open("/proc/self/status", O_RDONLY | O_CLOEXEC) >= 0);
	return 0;
}

static int a_searcher_of_an_attacher(void)
{
	EXPECT(priv_sandbox_enter(PRIV_ATTACHER, NULL) == 0);
	EXPECT(priv_sandbox_enter(PRIV_SEARCHER, NULL) == 0);
	EXPECT_ERRNO(syscall(SYS_bpf, 0, 0, 0), EPERM);
	EXPECT(open("/proc/self/status", O_RDONLY | O_CLOEXEC) >= 0);
	return 0;
}

static void a_collector_writes_files_and_has_a_network(void **state)
{
	(void)state;
	run_in_child(a_collector);
}

static void an_attacher_loads_and_starts_processes(void **state)
{
	(void)state;
	run_in_child(an_attacher);
}

static void a_searcher_only_reads(void **state)
{
	(void)state;
	run_in_child(a_searcher);
}

static void a_searcher_is_started_in_the_attachers(void **state)
{
	(void)state;
	run_in_child(a_searcher_of_an_attacher);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_collector_writes_files_and_has_a_network),
		cmocka_unit_test(an_attacher_loads_and_starts_processes),
		cmocka_unit_test(a_searcher_only_reads),
		cmocka_unit_test(a_searcher_is_started_in_the_attachers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
