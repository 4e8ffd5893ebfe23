/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where a hit comes from: the kernel's own knowledge of the calling process, its executable and its
 * ancestors (dovetap/origin.h). A name is that of the file, which no process can change, not comm.
 *
 * "dovecot" as the name of a file that root runs is enough for a master: who could have root run a
 * file of that name needs no forged login. One of another name is known by its file
 * (masters.bpf.h). For an ordinary user's process the kernel knows whose
 * namespaces it lives in. A process whose master has ended goes by what was remembered of it.
 */
#ifndef DOVETAP_PROCESS_BPF_H
#define DOVETAP_PROCESS_BPF_H

#include <vmlinux.h>

#include <bpf/bpf_helpers.h>
#include <dovetap/event.h>
#include <dovetap/origin.h>

#include "descents.bpf.h"
#include "kernel_reads.bpf.h"
#include "masters.bpf.h"

/* Inode number of the loader's pid namespace: who lives there is in no container. */
const volatile __u32 own_pid_ns = 0;

#define PID_NS_INITIAL 0xEFFFFFFCU /* PROC_PID_INIT_INO of the kernel */
#define NAME_WORDS     (DOVETAP_EXE_NAME_MAX / 8)
#define ANCESTORS_MAX  3 /* of a login's process: a script of the operator's may stand between */
#define USER_NS_MAX    4 /* namespaces in one another */

/* Names of the programs that work without a master, too; an empty one ends the list. */
#define ALONE_MAX 10
const volatile char alone_names[ALONE_MAX][DOVETAP_EXE_NAME_MAX] = {
	"dovecot-lda", "deliver", "doveadm",	 "imap",       "pop3",
	"lmtp",	       "dsync",	  "managesieve", "submission",
};

/* A file's name as far as it is kept, zero behind its end. */
struct exe_name {
	__u64 words[NAME_WORDS];
};

/* Behind the NUL of a name stands what was there before: made 0. The lowest bit of ends is that of
 * the first byte which is 0. Without branches, since the verifier follows each combination. */
static __always_inline __u64 name_cut(__u64 word)
{
	__u64 ends = (word - 0x0101010101010101ULL) & ~word & 0x8080808080808080ULL;

	return word & (((ends & -ends) >> 7) - 1);
}

/* All ones if the word before is full, so that the name goes on. */
static __always_inline __u64 name_goes_on(__u64 before)
{
	return 0 - ((0 - (before >> 56)) >> 63);
}

/* Longer names than the kernel keeps in the entry itself are none of Dovecot's. */
static __always_inline void exe_name_read(struct exe_name *name_r, const void *exe)
{
	const void *dentry = exe ? kernel_pointer(exe, FILE_DENTRY) : exe;
	const __u32 place = kernel_offsets[DOVETAP_KERNEL_DENTRY_NAME];

	__builtin_memset(name_r, 0, sizeof(*name_r));
	if (!dentry)
		return;
	name_r->words[0] = name_cut(kernel_word(dentry, place));
	for (__u32 i = 1; i < NAME_WORDS; i++)
		name_r->words[i] = name_cut(kernel_word(dentry, place + 8 * i)) &
				   name_goes_on(name_r->words[i - 1]);
}

static __always_inline __u32 task_uid(const void *task)
{
	const void *cred = kernel_pointer(task, TASK_CRED);

	return cred ? kernel_value(cred, CRED_UID) : NOBODY;
}

/* Who has made the outermost of the user namespaces; 0 as well in the initial one. */
static __always_inline __u32 user_ns_owner(const void *ns)
{
	for (int i = 0; i < USER_NS_MAX && ns; i++) {
		__u32 level = kernel_value(ns, USER_NS_LEVEL);

		if (level <= 1)
			return level ? kernel_value(ns, USER_NS_OWNER) : 0;
		ns = kernel_pointer(ns, USER_NS_PARENT);
	}
	return NOBODY;
}

static __always_inline __u32 task_owner(const void *task)
{
	const void *cred = kernel_pointer(task, TASK_CRED);
	const void *ns = cred ? kernel_pointer(cred, CRED_USER_NS) : cred;

	return ns ? user_ns_owner(ns) : NOBODY;
}

/* Whether root gave the owner of the user namespace more uids than his own. */
static __always_inline bool task_has_sub_ids(const void *task)
{
	const void *cred = kernel_pointer(task, TASK_CRED);
	const void *ns = cred ? kernel_pointer(cred, CRED_USER_NS) : cred;

	return ns && kernel_value(ns, USER_NS_LEVEL) > 0 && kernel_value(ns, USER_NS_EXTENTS) > 1;
}

static __always_inline const void *task_pid_ns(const void *task)
{
	const void *proxy = kernel_pointer(task, TASK_NSPROXY);

	return proxy ? kernel_pointer(proxy, NSPROXY_PID_NS) : proxy;
}

/* A pid namespace of its own cannot be had without root, or a user namespace: it is the mark of a
 * container. */
static __always_inline bool task_is_in_roots_container(const void *task)
{
	const void *pid_ns = task_pid_ns(task), *user_ns;
	__u32 number;

	if (!pid_ns)
		return false;
	number = kernel_value(pid_ns, PID_NS_NUMBER);
	if (number == PID_NS_INITIAL || number == own_pid_ns)
		return false;
	user_ns = kernel_pointer(pid_ns, PID_NS_USER_NS);
	return user_ns && user_ns_owner(user_ns) == 0;
}

/* "dovecot", also with more behind it as operators name a second version. */
static __always_inline bool exe_is_master(const void *exe)
{
	const __u64 first_seven = 0x00ffffffffffffffULL;
	const void *dentry = kernel_pointer(exe, FILE_DENTRY);

	return dentry && (kernel_word(dentry, kernel_offsets[DOVETAP_KERNEL_DENTRY_NAME]) &
			  first_seven) == 0x00746f6365766f64ULL;
}

/* By its contents, and run by its owner or root's. */
static __always_inline bool exe_is_noted_master(const void *exe, const void *task)
{
	struct dovetap_master_file file;
	__u32 owner = kernel_value(kernel_pointer(exe, FILE_INODE), INODE_UID);

	file_identify(&file, exe);
	if (!bpf_map_lookup_elem(&masters, &file))
		return false;
	return owner == 0 || owner == task_uid(task);
}

static __always_inline __u32 master_origin(const void *master)
{
	if (task_uid(master) == 0 || task_is_in_roots_container(master))
		return DOVETAP_ORIGIN_MASTER;
	return task_has_sub_ids(master) ? DOVETAP_ORIGIN_ROOTLESS : DOVETAP_ORIGIN_USER_MASTER;
}

static __always_inline bool works_alone(const struct exe_name *name)
{
	for (__u32 i = 0; i < ALONE_MAX && alone_names[i][0]; i++) {
		const volatile __u64 *words = (const volatile __u64 *)alone_names[i];

		if (((name->words[0] ^ words[0]) | (name->words[1] ^ words[1]) |
		     (name->words[2] ^ words[2])) == 0)
			return true;
	}
	return false;
}

/* The first process of a namespace becomes the parent of all that is left behind there: that does
 * not show who has started a process. */
static __always_inline bool is_left(const void *task)
{
	const void *parent = kernel_pointer(task, TASK_PARENT);
	const void *pid_ns = parent ? task_pid_ns(parent) : parent;

	return pid_ns &&
	       kernel_word(pid_ns, kernel_offsets[DOVETAP_KERNEL_PID_NS_REAPER]) == (__u64)parent;
}

static __always_inline __u32 masterless_origin(const void *task)
{
	const void *exe = task_exe(task);
	__u32 uid = task_uid(task), owner;
	struct exe_name name;

	if (uid == 0)
		return DOVETAP_ORIGIN_ROOT;
	if (!exe)
		return DOVETAP_ORIGIN_UNRELATED;
	owner = exe_owner(exe);
	exe_name_read(&name, exe);
	if (owner == uid || !works_alone(&name))
		return DOVETAP_ORIGIN_UNRELATED;
	return is_left(task) ? DOVETAP_ORIGIN_LEFT : DOVETAP_ORIGIN_ALONE;
}

/* What the programs keep of it until there is a record. */
struct source {
	__u32 origin;	  /* enum dovetap_origin */
	__u32 uid;	  /* who answers for it: the owner of namespaces, or the process's own */
	__u32 distance;	  /* of the master, or of the parent, from the process: 1 is its parent */
	__u32 remembered; /* not 0: its master has ended (descents.bpf.h) */
};

/* The same number, of which the verifier knows nothing any more: else it follows what comes behind
 * once for each value that it has met. */
static __always_inline __u32 unknown_to_verifier(__u32 number)
{
	__u64 now = bpf_ktime_get_ns(), same = now;

	asm volatile("" : "+r"(same));
	return number + (__u32)(now - same);
}

static __always_inline bool is_master(const void *task)
{
	const void *exe = task_exe(task);

	return exe && (exe_is_master(exe) || exe_is_noted_master(exe, task));
}

/* The master that task descends from: its origin and distance, if it has one. */
static __always_inline void find_master(const void *task, struct source *source_r)
{
	const void *ancestor = task;
	__u32 distance = 0;

	for (__u32 i = 1; i <= ANCESTORS_MAX && !distance; i++) {
		ancestor = kernel_pointer(ancestor, TASK_PARENT);
		if (!ancestor)
			return;
		if (is_master(ancestor))
			distance = i;
	}
	if (!distance)
		return;
	source_r->distance = unknown_to_verifier(distance);
	source_r->origin = master_origin(ancestor);
}

static __always_inline void source_find(struct source *source_r)
{
	const struct descent *descent;
	const void *task;

	source_r->origin = DOVETAP_ORIGIN_UNKNOWN;
	source_r->uid = (__u32)bpf_get_current_uid_gid();
	source_r->distance = 1;
	source_r->remembered = 0;
	if (kernel_reads == DOVETAP_KERNEL_NOT)
		return;
	task = current_task();
	find_master(task, source_r);
	if (source_r->origin == DOVETAP_ORIGIN_UNKNOWN) {
		descent = descent_of_current();
		source_r->remembered = descent != 0;
		source_r->origin = descent ? descent->origin : masterless_origin(task);
	}
	if (task_owner(task) != 0)
		source_r->uid = task_owner(task);
	source_r->origin = unknown_to_verifier(source_r->origin);
	source_r->distance = unknown_to_verifier(source_r->distance);
	source_r->remembered = unknown_to_verifier(source_r->remembered);
}

/* The ancestor that many steps above a task; NULL: none. */
static __always_inline const void *ancestor_of(const void *task, __u32 distance)
{
	for (__u32 i = 0; i < ANCESTORS_MAX && i < distance && task; i++)
		task = kernel_pointer(task, TASK_PARENT);
	return task;
}

static __always_inline void parent_fill(struct dovetap_event_process *process, const void *parent)
{
	exe_name_read((struct exe_name *)process->parent_exe, task_exe(parent));
	process->parent_uid = task_uid(parent);
	process->parent_pid = kernel_value(parent, TASK_TGID);
	process->owner_uid = task_owner(parent);
}

static __always_inline void parent_remembered(struct dovetap_event_process *process,
					      const struct descent *descent)
{
	__builtin_memcpy(process->parent_exe, descent->parent_exe, sizeof(process->parent_exe));
	process->parent_uid = descent->parent_uid;
	process->parent_pid = descent->parent_pid;
	process->owner_uid = descent->owner_uid;
}

static __always_inline void process_fill(struct dovetap_event_process *process,
					 const struct source *source)
{
	const void *task, *parent, *exe, *pid_ns;
	const struct descent *descent;

	__builtin_memset(process, 0, sizeof(*process));
	process->origin = source->origin;
	if (kernel_reads == DOVETAP_KERNEL_NOT)
		return;
	task = current_task();
	exe = task_exe(task);
	exe_name_read((struct exe_name *)process->exe, exe);
	pid_ns = task_pid_ns(task);
	process->pid_ns = pid_ns ? kernel_value(pid_ns, PID_NS_NUMBER) : 0;
	process->exe_uid = exe ? exe_owner(exe) : NOBODY;
	descent = source->remembered ? descent_of_current() : 0;
	parent = descent ? 0 : ancestor_of(task, source->distance);
	if (descent)
		parent_remembered(process, descent);
	else if (parent)
		parent_fill(process, parent);
}

#endif
