/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The record of the exec watcher: a program started that may be one of Dovecot's, or a master has
 * ended. Only the attacher reads it, in the same build, so it carries no version.
 *
 * The name is what the kernel keeps as comm: the last component of the file's path, cut at 15
 * bytes. The attacher identifies the process by /proc/PID/exe, and keeps the names of other
 * programs in the map "unrelated_names" for a while.
 */
#ifndef DOVETAP_EXEC_H
#define DOVETAP_EXEC_H

#define DOVETAP_EXEC_NAME_SIZE 16 /* with the NUL; the rest is zero */
#define DOVETAP_EXEC_NAMES_MAX 16

/* Counters of the map exec_counts. */
#define DOVETAP_EXEC_DROPPED 0 /* the ring was full */
#define DOVETAP_EXEC_UNASKED 1 /* too many unknown names at once */
#define DOVETAP_EXEC_COUNTS  2

struct dovetap_exec {
	__u32 pid;   /* tgid in the attacher's pid namespace; 0: it has another, look for it */
	__u16 usual; /* 1: Dovecot's usual name of a program, never filtered */
	__u16 ended; /* 1: it has ended, and its name is a master's; pid is 0 then */
	__u64 cgroup_id;
	char name[DOVETAP_EXEC_NAME_SIZE];
};

#endif
