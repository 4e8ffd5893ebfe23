/* SPDX-License-Identifier: MIT */
/* The tables of sandbox.c: which process may make which system call; private to it. */
#ifndef DOVETAP_PRIV_SANDBOX_CALLS_H
#define DOVETAP_PRIV_SANDBOX_CALLS_H

#include "priv/sandbox.h"

#include <linux/perf_event.h>
#include <linux/sockios.h>
#include <sched.h>
#include <seccomp.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define BOTH (PRIV_COLLECTOR | PRIV_ATTACHER)

static const struct sandbox_call {
	unsigned int processes;
	const char *name;
} sandbox_calls[] = {
	/* memory and threads */
	{BOTH, "brk"},
	{BOTH, "munmap"},
	{BOTH, "mremap"},
	{BOTH, "madvise"},
	{BOTH, "membarrier"},
	{BOTH, "futex"},
	{BOTH, "futex_waitv"},
	{BOTH, "set_robust_list"},
	{BOTH, "rseq"},
	{BOTH, "set_tid_address"},
	{BOTH, "sched_yield"},
	{BOTH, "sched_getaffinity"},
	{BOTH, "gettid"},
	{BOTH, "exit"},
	{BOTH, "exit_group"},
	{BOTH, "getcpu"},
	/* signals that come in */
	{BOTH, "rt_sigaction"},
	{BOTH, "rt_sigprocmask"},
	{BOTH, "rt_sigreturn"},
	{BOTH, "rt_sigtimedwait"},
	{BOTH, "sigaltstack"},
	{BOTH, "signalfd4"},
	{BOTH, "restart_syscall"},
	/* time */
	{BOTH, "clock_gettime"},
	{BOTH, "clock_getres"},
	{BOTH, "clock_nanosleep"},
	{BOTH, "nanosleep"},
	{BOTH, "gettimeofday"},
	{BOTH, "time"},
	{BOTH, "timerfd_create"},
	{BOTH, "timerfd_settime"},
	{BOTH, "timerfd_gettime"},
	/* who and what we are */
	{BOTH, "getpid"},
	{BOTH, "getppid"},
	{BOTH, "getuid"},
	{BOTH, "geteuid"},
	{BOTH, "getgid"},
	{BOTH, "getegid"},
	{BOTH, "getresuid"},
	{BOTH, "getresgid"},
	{BOTH, "getgroups"},
	{BOTH, "getrlimit"},
	{BOTH, "getrusage"},
	{BOTH, "uname"},
	{BOTH, "sysinfo"},
	{BOTH, "getrandom"},
	{BOTH, "umask"},
	/* files: where, is Landlock's affair and that of the permissions */
	{BOTH, "open"},
	{BOTH, "openat"},
	{BOTH, "close"},
	{BOTH, "close_range"},
	{BOTH, "read"},
	{BOTH, "readv"},
	{BOTH, "pread64"},
	{BOTH, "preadv"},
	{BOTH, "write"},
	{BOTH, "writev"},
	{BOTH, "pwrite64"},
	{BOTH, "pwritev"},
	{BOTH, "lseek"},
	{BOTH, "stat"},
	{BOTH, "fstat"},
	{BOTH, "lstat"},
	{BOTH, "newfstatat"},
	{BOTH, "statx"},
	{BOTH, "statfs"},
	{BOTH, "fstatfs"},
	{BOTH, "access"},
	{BOTH, "faccessat"},
	{BOTH, "faccessat2"},
	{BOTH, "readlink"},
	{BOTH, "readlinkat"},
	{BOTH, "getdents64"},
	{BOTH, "getcwd"},
	{BOTH, "mkdir"},
	{BOTH, "mkdirat"},
	{BOTH, "rmdir"},
	{BOTH, "unlink"},
	{BOTH, "unlinkat"},
	{BOTH, "rename"},
	{BOTH, "renameat"},
	{BOTH, "renameat2"},
	{BOTH, "ftruncate"},
	{BOTH, "fallocate"},
	{BOTH, "fsync"},
	{BOTH, "fdatasync"},
	{BOTH, "fadvise64"},
	{BOTH, "flock"},
	{BOTH, "fcntl"},
	{BOTH, "chmod"},
	{BOTH, "fchmod"},
	{BOTH, "fchmodat"},
	{BOTH, "dup"},
	{BOTH, "dup2"},
	{BOTH, "dup3"},
	{BOTH, "pipe"},
	{BOTH, "pipe2"},
	{BOTH, "eventfd2"},
	/* waiting */
	{BOTH, "poll"},
	{BOTH, "ppoll"},
	{BOTH, "select"},
	{BOTH, "pselect6"},
	{BOTH, "epoll_create1"},
	{BOTH, "epoll_ctl"},
	{BOTH, "epoll_wait"},
	{BOTH, "epoll_pwait"},
	/* sockets, of the families below */
	{BOTH, "bind"},
	{BOTH, "listen"},
	{BOTH, "accept"},
	{BOTH, "accept4"},
	{BOTH, "connect"},
	{BOTH, "shutdown"},
	{BOTH, "sendto"},
	{BOTH, "sendmsg"},
	{BOTH, "sendmmsg"},
	{BOTH, "recvfrom"},
	{BOTH, "recvmsg"},
	{BOTH, "recvmmsg"},
	{BOTH, "getsockname"},
	{BOTH, "getpeername"},
	{BOTH, "getsockopt"},
	{BOTH, "setsockopt"},
	/* giving up more rights: the collector enters Landlock when it has read its plan */
	{BOTH, "landlock_create_ruleset"},
	{BOTH, "landlock_add_rule"},
	{BOTH, "landlock_restrict_self"},

	/* probes; a layout is handed to libbpf as a file */
	{PRIV_ATTACHER, "bpf"},
	{PRIV_ATTACHER, "perf_event_open"},
	{PRIV_ATTACHER, "memfd_create"},
	/* finding Dovecot */
	{PRIV_ATTACHER, "openat2"},
	{PRIV_ATTACHER, "inotify_init1"},
	{PRIV_ATTACHER, "inotify_add_watch"},
	{PRIV_ATTACHER, "inotify_rm_watch"},
	/* starting and ending a collector, and doveconf at a reload */
	{PRIV_ATTACHER, "execve"},
	{PRIV_ATTACHER, "vfork"},
	{PRIV_ATTACHER, "fork"},
	{PRIV_ATTACHER, "wait4"},
	{PRIV_ATTACHER, "waitid"},
	{PRIV_ATTACHER, "kill"},
	{PRIV_ATTACHER, "arch_prctl"},
	{PRIV_ATTACHER, "prctl"},
	{PRIV_ATTACHER, "prlimit64"},
	{PRIV_ATTACHER, "setrlimit"},
	{PRIV_ATTACHER, "epoll_create"},
	{PRIV_ATTACHER, "chdir"},
	{PRIV_ATTACHER, "alarm"},
	/* what the collector does before it enters its own list */
	{PRIV_ATTACHER, "setgroups"},
	{PRIV_ATTACHER, "setresgid"},
	{PRIV_ATTACHER, "setresuid"},
	{PRIV_ATTACHER, "capget"},
	{PRIV_ATTACHER, "capset"},
	{PRIV_ATTACHER, "seccomp"},
};

/* Allowed where argument & mask == value. Several rows of a call: any of them. */
static const struct sandbox_condition {
	unsigned int processes;
	int call;
	unsigned int argument;
	uint64_t mask, value;
} sandbox_conditions[] = {
#define ARGUMENT_IS(value) UINT32_MAX, (value)
#define NAMESPACES                                                                                 \
	(CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER |             \
	 CLONE_NEWPID | CLONE_NEWNET)
	/* Threads; the attacher, processes as well. No namespaces, in which an unprivileged process
	 * would get capabilities back. */
	{PRIV_COLLECTOR, SCMP_SYS(clone), 0, NAMESPACES | CLONE_THREAD, CLONE_THREAD},
	{PRIV_ATTACHER, SCMP_SYS(clone), 0, NAMESPACES, 0},
	/* Code comes from files (plug-ins of the C library, OpenSSL, MariaDB), never from memory
	 * that was writable. */
	{BOTH, SCMP_SYS(mmap), 2, PROT_WRITE, 0},
	{BOTH, SCMP_SYS(mmap), 2, PROT_EXEC, 0},
	{BOTH, SCMP_SYS(mprotect), 2, PROT_EXEC, 0},
	/* Netlink: the C library sorts the addresses of a name by the routes that there are. */
	{BOTH, SCMP_SYS(socket), 0, ARGUMENT_IS(AF_UNIX)},
	{BOTH, SCMP_SYS(socket), 0, ARGUMENT_IS(AF_INET)},
	{BOTH, SCMP_SYS(socket), 0, ARGUMENT_IS(AF_INET6)},
	{BOTH, SCMP_SYS(socket), 0, ARGUMENT_IS(AF_NETLINK)},
	{PRIV_ATTACHER, SCMP_SYS(socketpair), 0, ARGUMENT_IS(AF_UNIX)},
	{BOTH, SCMP_SYS(ioctl), 1, ARGUMENT_IS(TCGETS)},
	{BOTH, SCMP_SYS(ioctl), 1, ARGUMENT_IS(FIONREAD)},
	{BOTH, SCMP_SYS(ioctl), 1, ARGUMENT_IS(FIONBIO)},
	{BOTH, SCMP_SYS(ioctl), 1, ARGUMENT_IS(SIOCOUTQ)},
	{PRIV_ATTACHER, SCMP_SYS(ioctl), 1, ARGUMENT_IS(PERF_EVENT_IOC_SET_BPF)},
	{PRIV_ATTACHER, SCMP_SYS(ioctl), 1, ARGUMENT_IS(PERF_EVENT_IOC_ENABLE)},
	{PRIV_ATTACHER, SCMP_SYS(ioctl), 1, ARGUMENT_IS(PERF_EVENT_IOC_DISABLE)},
	/* Limits of its own; names for threads and memory. */
	{PRIV_COLLECTOR, SCMP_SYS(prlimit64), 0, ARGUMENT_IS(0)},
	{PRIV_COLLECTOR, SCMP_SYS(prctl), 0, ARGUMENT_IS(PR_SET_NAME)},
	{PRIV_COLLECTOR, SCMP_SYS(prctl), 0, ARGUMENT_IS(PR_SET_VMA)},
#undef ARGUMENT_IS
#undef NAMESPACES
};

#undef BOTH

#endif
