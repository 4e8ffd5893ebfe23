/* SPDX-License-Identifier: MIT */
/* The tables of sandbox.c: which process may make which system call; private to it. */
#ifndef DOVETAP_PRIV_SANDBOX_CALLS_H
#define DOVETAP_PRIV_SANDBOX_CALLS_H

#include <fcntl.h>
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

#include "priv/sandbox.h"

#define ALL	(PRIV_COLLECTOR | PRIV_ATTACHER | PRIV_SEARCHER)
#define WRITERS (PRIV_COLLECTOR | PRIV_ATTACHER) /* the searcher only reads */

static const struct sandbox_call {
	unsigned int processes;
	const char *name;
} sandbox_calls[] = {
	/* memory and threads */
	{ALL, "brk"},
	{ALL, "munmap"},
	{ALL, "mremap"},
	{ALL, "madvise"},
	{ALL, "membarrier"},
	{ALL, "futex"},
	{ALL, "futex_waitv"},
	{ALL, "set_robust_list"},
	{ALL, "rseq"},
	{ALL, "set_tid_address"},
	{ALL, "sched_yield"},
	{ALL, "sched_getaffinity"},
	{ALL, "gettid"},
	{ALL, "exit"},
	{ALL, "exit_group"},
	{ALL, "getcpu"},
	/* signals that come in */
	{ALL, "rt_sigaction"},
	{ALL, "rt_sigprocmask"},
	{ALL, "rt_sigreturn"},
	{ALL, "rt_sigtimedwait"},
	{ALL, "sigaltstack"},
	{ALL, "signalfd4"},
	{ALL, "restart_syscall"},
	/* time */
	{ALL, "clock_gettime"},
	{ALL, "clock_getres"},
	{ALL, "clock_nanosleep"},
	{ALL, "nanosleep"},
	{ALL, "gettimeofday"},
	{ALL, "time"},
	{ALL, "timerfd_create"},
	{ALL, "timerfd_settime"},
	{ALL, "timerfd_gettime"},
	/* who and what we are */
	{ALL, "getpid"},
	{ALL, "getppid"},
	{ALL, "getuid"},
	{ALL, "geteuid"},
	{ALL, "getgid"},
	{ALL, "getegid"},
	{ALL, "getresuid"},
	{ALL, "getresgid"},
	{ALL, "getgroups"},
	{ALL, "getrlimit"},
	{ALL, "getrusage"},
	{ALL, "uname"},
	{ALL, "sysinfo"},
	{ALL, "getrandom"},
	{ALL, "umask"},
	/* files: where, is Landlock's affair and that of the permissions */
	{WRITERS, "open"},
	{WRITERS, "openat"},
	{ALL, "close"},
	{ALL, "close_range"},
	{ALL, "read"},
	{ALL, "readv"},
	{ALL, "pread64"},
	{ALL, "preadv"},
	{ALL, "write"},
	{ALL, "writev"},
	{WRITERS, "pwrite64"},
	{WRITERS, "pwritev"},
	{ALL, "lseek"},
	{ALL, "stat"},
	{ALL, "fstat"},
	{ALL, "lstat"},
	{ALL, "newfstatat"},
	{ALL, "statx"},
	{ALL, "statfs"},
	{ALL, "fstatfs"},
	{ALL, "access"},
	{ALL, "faccessat"},
	{ALL, "faccessat2"},
	{ALL, "readlink"},
	{ALL, "readlinkat"},
	{ALL, "getdents64"},
	{ALL, "getcwd"},
	{WRITERS, "mkdir"},
	{WRITERS, "mkdirat"},
	{WRITERS, "rmdir"},
	{WRITERS, "unlink"},
	{WRITERS, "unlinkat"},
	{WRITERS, "rename"},
	{WRITERS, "renameat"},
	{WRITERS, "renameat2"},
	{WRITERS, "ftruncate"},
	{WRITERS, "fallocate"},
	{WRITERS, "fsync"},
	{WRITERS, "fdatasync"},
	{ALL, "fadvise64"},
	{WRITERS, "flock"},
	{ALL, "fcntl"},
	{WRITERS, "chmod"},
	{WRITERS, "fchmod"},
	{WRITERS, "fchmodat"},
	{ALL, "dup"},
	{ALL, "dup2"},
	{ALL, "dup3"},
	{ALL, "pipe"},
	{ALL, "pipe2"},
	{ALL, "eventfd2"},
	/* waiting */
	{ALL, "poll"},
	{ALL, "ppoll"},
	{ALL, "select"},
	{ALL, "pselect6"},
	{ALL, "epoll_create1"},
	{ALL, "epoll_ctl"},
	{ALL, "epoll_wait"},
	{ALL, "epoll_pwait"},
	/* sockets, of the families below */
	{WRITERS, "bind"},
	{WRITERS, "listen"},
	{WRITERS, "accept"},
	{WRITERS, "accept4"},
	{ALL, "connect"},
	{ALL, "shutdown"},
	{ALL, "sendto"},
	{ALL, "sendmsg"},
	{ALL, "sendmmsg"},
	{ALL, "recvfrom"},
	{ALL, "recvmsg"},
	{ALL, "recvmmsg"},
	{ALL, "getsockname"},
	{ALL, "getpeername"},
	{ALL, "getsockopt"},
	{ALL, "setsockopt"},
	/* giving up more rights: the collector enters Landlock when it has read its plan */
	{WRITERS, "landlock_create_ruleset"},
	{WRITERS, "landlock_add_rule"},
	{WRITERS, "landlock_restrict_self"},

	/* probes; a layout is handed to libbpf as a file */
	{PRIV_ATTACHER, "bpf"},
	{PRIV_ATTACHER, "perf_event_open"},
	{PRIV_ATTACHER, "memfd_create"},
	/* finding Dovecot */
	{PRIV_ATTACHER | PRIV_SEARCHER, "openat2"},
	{ALL, "inotify_init1"},
	{ALL, "inotify_add_watch"},
	{PRIV_ATTACHER | PRIV_SEARCHER, "inotify_rm_watch"},
	/* starting and ending collector, searcher and resolver (execveat), and what the resolver
	 * inherits this list for: doveconf (execve) */
	{PRIV_ATTACHER, "execveat"},
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
#define TO_WRITE	   (O_ACCMODE | O_CREAT | O_TRUNC | O_APPEND | (O_TMPFILE & ~O_DIRECTORY))
#define NAMESPACES                                                                                 \
	(CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER |             \
	 CLONE_NEWPID | CLONE_NEWNET)
	/* Threads; the attacher, processes as well. No namespaces, in which an unprivileged process
	 * would get capabilities back. */
	{PRIV_COLLECTOR, SCMP_SYS(clone), 0, NAMESPACES | CLONE_THREAD, CLONE_THREAD},
	{PRIV_ATTACHER, SCMP_SYS(clone), 0, NAMESPACES, 0},
	/* Code comes from files (plug-ins of the C library, OpenSSL, MariaDB), never from memory
	 * that was writable. */
	{ALL, SCMP_SYS(mmap), 2, PROT_WRITE, 0},
	{ALL, SCMP_SYS(mmap), 2, PROT_EXEC, 0},
	{ALL, SCMP_SYS(mprotect), 2, PROT_EXEC, 0},
	/* Netlink: the C library sorts the addresses of a name by the routes that there are. */
	{ALL, SCMP_SYS(socket), 0, ARGUMENT_IS(AF_UNIX)},
	{WRITERS, SCMP_SYS(socket), 0, ARGUMENT_IS(AF_INET)},
	{WRITERS, SCMP_SYS(socket), 0, ARGUMENT_IS(AF_INET6)},
	{WRITERS, SCMP_SYS(socket), 0, ARGUMENT_IS(AF_NETLINK)},
	{PRIV_ATTACHER, SCMP_SYS(socketpair), 0, ARGUMENT_IS(AF_UNIX)},
	/* The flags of openat2() are in memory, where no filter can look: there the permissions
	 * decide, and its user owns no file. */
	{PRIV_SEARCHER, SCMP_SYS(open), 1, TO_WRITE, 0},
	{PRIV_SEARCHER, SCMP_SYS(openat), 2, TO_WRITE, 0},
	{ALL, SCMP_SYS(ioctl), 1, ARGUMENT_IS(TCGETS)},
	{ALL, SCMP_SYS(ioctl), 1, ARGUMENT_IS(FIONREAD)},
	{ALL, SCMP_SYS(ioctl), 1, ARGUMENT_IS(FIONBIO)},
	{ALL, SCMP_SYS(ioctl), 1, ARGUMENT_IS(SIOCOUTQ)},
	{PRIV_ATTACHER | PRIV_SEARCHER, SCMP_SYS(ioctl), 1, ARGUMENT_IS(PRIV_GET_MNTNS_ID)},
	{PRIV_ATTACHER, SCMP_SYS(ioctl), 1, ARGUMENT_IS(PERF_EVENT_IOC_SET_BPF)},
	{PRIV_ATTACHER, SCMP_SYS(ioctl), 1, ARGUMENT_IS(PERF_EVENT_IOC_ENABLE)},
	{PRIV_ATTACHER, SCMP_SYS(ioctl), 1, ARGUMENT_IS(PERF_EVENT_IOC_DISABLE)},
	/* Limits of its own; names for threads and memory. */
	{PRIV_COLLECTOR, SCMP_SYS(prlimit64), 0, ARGUMENT_IS(0)},
	{PRIV_COLLECTOR, SCMP_SYS(prctl), 0, ARGUMENT_IS(PR_SET_NAME)},
	{PRIV_COLLECTOR, SCMP_SYS(prctl), 0, ARGUMENT_IS(PR_SET_VMA)},
#undef ARGUMENT_IS
#undef NAMESPACES
#undef TO_WRITE
};

#undef WRITERS
#undef ALL

#endif
