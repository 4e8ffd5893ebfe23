/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The record of the exec watcher: a program started whose name is one of Dovecot's. Only the
 * attacher reads it, in the same build, so it carries no version.
 *
 * The name is what the kernel keeps as comm: the last component of the file's path, cut at 15
 * bytes. The attacher decides by /proc/PID/exe what the process really is.
 */
#ifndef DOVETAP_EXEC_H
#define DOVETAP_EXEC_H

#define DOVETAP_EXEC_NAME_SIZE 16 /* with the NUL; the rest is zero */
#define DOVETAP_EXEC_NAMES_MAX 16

struct dovetap_exec {
	__u32 pid; /* process (tgid) in the initial pid namespace */
	char name[DOVETAP_EXEC_NAME_SIZE];
};

#endif
