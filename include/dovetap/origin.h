/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Who called a probed function, as the kernel knows it: everybody may load Dovecot's libraries and
 * call them. Part of every record; nothing in it comes from the process's own memory.
 */
#ifndef DOVETAP_ORIGIN_H
#define DOVETAP_ORIGIN_H

/* What is known of the calling process. Numbers are appended, never reused. */
enum dovetap_origin {
	DOVETAP_ORIGIN_UNKNOWN = 0, /* not known: the kernel had no answer, or a record of before */
	DOVETAP_ORIGIN_MASTER = 1,  /* descends from a master of root's, or of root's container */
	DOVETAP_ORIGIN_ROOT = 2,    /* runs as root itself */
	DOVETAP_ORIGIN_ROOTLESS = 3,	/* from the master of a container that a user has made */
	DOVETAP_ORIGIN_USER_MASTER = 4, /* from a master that a user runs */
	DOVETAP_ORIGIN_ALONE = 5,	/* a program of Dovecot's that no master has started */
	DOVETAP_ORIGIN_UNRELATED = 6,	/* some other program */
	DOVETAP_ORIGIN_LEFT = 7,	/* as alone; its parent is what all orphans fall to */
	DOVETAP_ORIGIN_COUNT
};

/* A file as the kernel has it: what stat(2) gives may differ (overlays, btrfs). */
struct dovetap_master_file {
	unsigned long long inode;
	unsigned int device;
	unsigned int generation; /* 0 where the file system has none */
};

/* Masters by another name that are known at once: of files of root's, and of others'. */
#define DOVETAP_NOTED_ROOT   3072
#define DOVETAP_NOTED_OTHERS 1024

#define DOVETAP_EXE_NAME_MAX 24 /* of a file's name; cut, not ended by a NUL when it is full */

/*
 * X(ENUM, "struct", "member.member"): the members of the kernel's structs that it takes. Their
 * offsets are the running kernel's, from its BTF: the programs are relocated for Dovecot's structs.
 */
#define DOVETAP_KERNEL_MEMBERS(X)                                                                  \
	X(TASK_PARENT, "task_struct", "real_parent")                                               \
	X(TASK_TGID, "task_struct", "tgid")                                                        \
	X(TASK_MM, "task_struct", "mm")                                                            \
	X(TASK_CRED, "task_struct", "real_cred")                                                   \
	X(TASK_NSPROXY, "task_struct", "nsproxy")                                                  \
	X(MM_EXE, "mm_struct", "exe_file")                                                         \
	X(FILE_DENTRY, "file", "f_path.dentry")                                                    \
	X(FILE_INODE, "file", "f_inode")                                                           \
	X(DENTRY_NAME, "dentry", "d_shortname|d_iname")                                            \
	X(INODE_UID, "inode", "i_uid")                                                             \
	X(INODE_NUMBER, "inode", "i_ino")                                                          \
	X(INODE_GENERATION, "inode", "i_generation")                                               \
	X(INODE_SB, "inode", "i_sb")                                                               \
	X(SB_DEVICE, "super_block", "s_dev")                                                       \
	X(CRED_UID, "cred", "uid")                                                                 \
	X(CRED_USER_NS, "cred", "user_ns")                                                         \
	X(USER_NS_PARENT, "user_namespace", "parent")                                              \
	X(USER_NS_LEVEL, "user_namespace", "level")                                                \
	X(USER_NS_OWNER, "user_namespace", "owner")                                                \
	X(USER_NS_EXTENTS, "user_namespace", "uid_map.nr_extents")                                 \
	X(NSPROXY_PID_NS, "nsproxy", "pid_ns_for_children")                                        \
	X(PID_NS_NUMBER, "pid_namespace", "ns.inum")                                               \
	X(PID_NS_USER_NS, "pid_namespace", "user_ns")                                              \
	X(PID_NS_REAPER, "pid_namespace", "child_reaper")

enum dovetap_kernel_member {
#define DOVETAP_X(id, type, member) DOVETAP_KERNEL_##id,
	DOVETAP_KERNEL_MEMBERS(DOVETAP_X)
#undef DOVETAP_X
		DOVETAP_KERNEL_COUNT
};

/* How the programs read the kernel's memory. */
enum dovetap_kernel_reads {
	DOVETAP_KERNEL_NOT = 0,	   /* its structs are not known: every origin is unknown */
	DOVETAP_KERNEL_HELPER = 1, /* bpf_probe_read_kernel() */
	DOVETAP_KERNEL_TYPED = 2,  /* from Linux 5.11 on; under lockdown=confidentiality */
};

#endif
