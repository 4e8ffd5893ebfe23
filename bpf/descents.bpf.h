/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From which master a process descends, remembered with the process by descent.bpf.c: a master that
 * ends leaves its children to init, and they go on with what they do for their clients.
 *
 * In the kernel's storage of each task, which ends with it: nothing is taken for another process of
 * the same number, and a child does not inherit it. One map for all programs of the host.
 */
#ifndef DOVETAP_DESCENTS_BPF_H
#define DOVETAP_DESCENTS_BPF_H

#include <vmlinux.h>

#include <bpf/bpf_helpers.h>
#include <dovetap/origin.h>

/* linux/bpf.h; no kernel type refers to them, so that vmlinux.h lacks them. */
#define BPF_MAP_TYPE_TASK_STORAGE 29
#define BPF_F_NO_PREALLOC	  (1U << 0)
#define BPF_STORAGE_CREATE	  (1ULL << 0) /* BPF_LOCAL_STORAGE_GET_F_CREATE */

/* As of the master, in the terms of struct dovetap_event_process. */
struct descent {
	__u32 origin;
	__u32 parent_uid;
	__u32 parent_pid;
	__u32 owner_uid;
	char parent_exe[DOVETAP_EXE_NAME_MAX];
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct descent);
} descents SEC(".maps");

/* The kernel has such storage for programs like these, from 5.12 on, and the loader has the map. */
const volatile bool descents_kept = false;

static __always_inline const struct descent *descent_of_current(void)
{
	if (!descents_kept)
		return 0;
	return bpf_task_storage_get(&descents, bpf_get_current_task_btf(), 0, 0);
}

#endif
