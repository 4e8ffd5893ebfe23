/* SPDX-License-Identifier: MIT */
#include "priv/sandbox.h"

#include <errno.h>
#include <sched.h>
#include <seccomp.h>
#include <stddef.h>
#include <string.h>

/* By name, so that a call this machine's libseccomp does not know is left out, not an error. */
static const char *const allowed[] = {
	/* memory and threads */
	"brk", "mmap", "munmap", "mremap", "mprotect", "madvise", "mlock", "munlock", "membarrier",
	"msync", "mincore", "futex", "futex_waitv", "set_robust_list", "get_robust_list", "rseq",
	"set_tid_address", "sched_yield", "sched_getaffinity", "sched_setaffinity",
	"sched_getparam", "sched_getscheduler", "gettid", "exit", "exit_group", "arch_prctl",
	"prctl", "set_thread_area", "getcpu",
	/* signals */
	"rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "rt_sigpending", "rt_sigsuspend",
	"rt_sigtimedwait", "rt_sigqueueinfo", "rt_tgsigqueueinfo", "sigaltstack", "signalfd4",
	"signalfd", "tgkill", "tkill", "kill", "restart_syscall", "pause",
	/* time */
	"clock_gettime", "clock_getres", "clock_nanosleep", "nanosleep", "gettimeofday", "time",
	"timer_create", "timer_settime", "timer_gettime", "timer_delete", "timerfd_create",
	"timerfd_settime", "timerfd_gettime", "alarm", "setitimer", "getitimer", "times",
	/* who and what we are; limits */
	"getpid", "getppid", "getuid", "geteuid", "getgid", "getegid", "getresuid", "getresgid",
	"getgroups", "getpgrp", "getpgid", "getsid", "uname", "sysinfo", "getrusage", "getrlimit",
	"prlimit64", "capget", "umask", "getrandom", "getpriority",
	/* files */
	"open", "openat", "openat2", "creat", "close", "close_range", "read", "readv", "pread64",
	"preadv", "preadv2", "write", "writev", "pwrite64", "pwritev", "pwritev2", "lseek",
	"_llseek", "stat", "fstat", "lstat", "newfstatat", "statx", "statfs", "fstatfs", "access",
	"faccessat", "faccessat2", "readlink", "readlinkat", "getdents", "getdents64", "getcwd",
	"chdir", "fchdir", "mkdir", "mkdirat", "rmdir", "unlink", "unlinkat", "rename", "renameat",
	"renameat2", "link", "linkat", "symlink", "symlinkat", "truncate", "ftruncate", "fallocate",
	"fsync", "fdatasync", "sync_file_range", "fadvise64", "flock", "fcntl", "fcntl64", "fchmod",
	"fchmodat", "chmod", "fchown", "fchownat", "chown", "utimensat", "utime", "utimes",
	"futimesat", "dup", "dup2", "dup3", "pipe", "pipe2", "ioctl", "sendfile", "copy_file_range",
	"splice", "memfd_create", "inotify_init", "inotify_init1", "inotify_add_watch",
	"inotify_rm_watch", "eventfd", "eventfd2", "readahead",
	/* waiting */
	"poll", "ppoll", "select", "pselect6", "_newselect", "epoll_create", "epoll_create1",
	"epoll_ctl", "epoll_wait", "epoll_pwait", "epoll_pwait2", "wait4", "waitid",
	/* sockets */
	"socket", "socketpair", "bind", "listen", "accept", "accept4", "connect", "shutdown",
	"send", "sendto", "sendmsg", "sendmmsg", "recv", "recvfrom", "recvmsg", "recvmmsg",
	"getsockname", "getpeername", "getsockopt", "setsockopt", "socketcall"};

/*
 * Threads, but no namespaces: clone() by its flags. clone3() keeps them in memory, where a filter
 * cannot look; ENOSYS makes the C library fall back to clone().
 */
#define NAMESPACE_FLAGS                                                                            \
	(CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER |             \
	 CLONE_NEWPID | CLONE_NEWNET)

static int add_clone(scmp_filter_ctx filter)
{
	int err = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
				   SCMP_A0(SCMP_CMP_MASKED_EQ, NAMESPACE_FLAGS, 0));

	if (err < 0)
		return err;
	return seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
}

static int add_rules(scmp_filter_ctx filter)
{
	int err = add_clone(filter), call;

	if (err < 0)
		return err;
	for (size_t i = 0; i < sizeof(allowed) / sizeof(allowed[0]); i++) {
		call = seccomp_syscall_resolve_name(allowed[i]);
		if (call == __NR_SCMP_ERROR)
			continue;
		err = seccomp_rule_add(filter, SCMP_ACT_ALLOW, call, 0);
		if (err < 0)
			return err;
	}
	return 0;
}

int priv_sandbox_enter(struct error *error_r)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	int err;

	if (!filter)
		return error_set(error_r, ENOMEM, "out of memory");
	/* no_new_privs is set already; libseccomp must not try to set it itself. */
	err = seccomp_attr_set(filter, SCMP_FLTATR_CTL_NNP, 0);
	if (err == 0)
		err = add_rules(filter);
	if (err == 0)
		err = seccomp_load(filter);
	seccomp_release(filter);
	if (err < 0)
		return error_set(error_r, -err, "cannot enter the system call sandbox: %s",
				 strerror(-err));
	return 0;
}
