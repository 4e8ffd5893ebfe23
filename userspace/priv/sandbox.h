/* SPDX-License-Identifier: MIT */
/*
 * The system calls that each process may make; any other fails with EPERM.
 *
 * The collector has files, sockets of a few families, threads, timers. It cannot start a program or
 * a process, signal one, change its rights, or make memory both writable and executable. The
 * attacher has the same, for its children inherit it and the kernel adds lists up, and what it has
 * them for: bpf, perf events, processes, giving up rights. The searcher looks at files and
 * processes.
 *
 * None may call what only an attacker would: ptrace, mount, namespaces, modules, keys, io_uring,
 * userfaultfd, other processes' memory.
 */
#ifndef DOVETAP_PRIV_SANDBOX_H
#define DOVETAP_PRIV_SANDBOX_H

#include <stdint.h>
#include <sys/ioctl.h>

#include "base/error.h"

#define PRIV_GET_MNTNS_ID _IOR(0xb7, 0x5, uint64_t) /* <linux/nsfs.h>, since Linux 6.11 */

enum priv_process {
	PRIV_COLLECTOR = 1 << 0,
	PRIV_ATTACHER = 1 << 1,
	PRIV_SEARCHER = 1 << 2, /* enters it from the attacher's */
};

/*
 * Enters the sandbox; every thread and process started later is in it as well. Sets no_new_privs,
 * which the kernel asks for. Returns 0, or -ENOSYS on a kernel without seccomp filters, or another
 * negative errno.
 */
int priv_sandbox_enter(enum priv_process process, struct error *error_r);

#endif
