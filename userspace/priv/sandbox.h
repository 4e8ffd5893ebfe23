/* SPDX-License-Identifier: MIT */
/*
 * The collector's system call list: what threads, sockets, files, SQLite, timers and inotify
 * need. Anything else fails with EPERM, and what only an attacker would call (ptrace, bpf, mount,
 * execve, module and keyring calls) is not on it.
 */
#ifndef DOVETAP_PRIV_SANDBOX_H
#define DOVETAP_PRIV_SANDBOX_H

#include "base/error.h"

/*
 * Enters the sandbox; every thread started later is in it as well. The process must have
 * no_new_privs set (priv_drop does). Returns 0, or -ENOSYS on a kernel without seccomp filters,
 * or another negative errno.
 */
int priv_sandbox_enter(struct error *error_r);

#endif
