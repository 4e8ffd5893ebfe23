/* SPDX-License-Identifier: MIT */
/*
 * Where the running kernel has the members that describe the origin of a process
 * (dovetap/origin.h), from its BTF.
 */
#ifndef DOVETAP_ATTACH_KERNEL_TYPES_H
#define DOVETAP_ATTACH_KERNEL_TYPES_H

#include <stdint.h>

#include "base/error.h"
#include "dovetap/cgroup.h"
#include "dovetap/origin.h"

struct btf;

/* Offset in bytes of "member" or "member.member" of a struct, also in unnamed structs within it;
 * of several names with "|" between them, the first that is there. -ENOENT. */
int kernel_types_offset(const struct btf *btf, const char *type, const char *members);

/*
 * Where the state of a controller ("pids") is in css_set.subsys, in bytes. -ENOENT.
 */
int kernel_types_controller(const struct btf *btf, const char *name);

/*
 * Of the running kernel: all offsets, and how the programs can read them. Where a kernel has no BTF
 * or lacks a member, DOVETAP_KERNEL_NOT, with the reason in error_r: no login is refused for that,
 * and none is proved.
 */
enum dovetap_kernel_reads kernel_types_find(uint32_t offsets_r[DOVETAP_KERNEL_COUNT],
					    struct error *error_r);

/* What the programs have to know of it, as bpf/process.bpf.h names it. */
struct kernel_facts {
	enum dovetap_kernel_reads reads;
	uint32_t offsets[DOVETAP_KERNEL_COUNT];
	uint32_t own_pid_ns;

	/* As bpf/cgroup.bpf.h names them; 0: the control groups are of version 2, or the way
	 * to their numbers is not known. */
	uint64_t cgroup_v1_mark;
	uint32_t cgroup_v1_offsets[DOVETAP_CGROUP_V1_COUNT];
};

/* Has the programs give numbers of that hierarchy of version 1 (base/cgroup_v1.h). Returns 0 or
 * -ENOENT. */
int kernel_facts_use_cgroup_v1(struct kernel_facts *facts, int which);

/* Also of control groups, as they are mounted. The reason is in error_r when reads is
 * DOVETAP_KERNEL_NOT. */
void kernel_facts_find(struct kernel_facts *facts_r, struct error *error_r);

#endif
