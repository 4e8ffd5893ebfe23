/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The number of the calling process's control group (dovetap/cgroup.h), taken at the call: a
 * session may have ended before anybody could look at its process.
 */
#ifndef DOVETAP_CGROUP_BPF_H
#define DOVETAP_CGROUP_BPF_H

#include <vmlinux.h>

#include <bpf/bpf_helpers.h>
#include <dovetap/cgroup.h>

#include "kernel_reads.bpf.h"

/* DOVETAP_CGROUP_V1_MARK() of the hierarchy, and the way there; 0: version 2. */
const volatile __u64 cgroup_v1_mark = 0;
const volatile __u32 cgroup_v1_offsets[DOVETAP_CGROUP_V1_COUNT] = {};

#define cgroup_v1_step(object, id)                                                                 \
	((const void *)kernel_word(object, cgroup_v1_offsets[DOVETAP_CGROUP_##id]))

static __always_inline __u64 cgroup_of_current(void)
{
	const void *at;

	if (!cgroup_v1_mark)
		return bpf_get_current_cgroup_id();
	at = cgroup_v1_step(current_task(), TASK_CGROUPS);
	at = cgroup_v1_step(at, CSS_SET_SUBSYS);
	at = cgroup_v1_step(at, CSS_CGROUP);
	at = cgroup_v1_step(at, CGROUP_KN);
	return kernel_word(at, cgroup_v1_offsets[DOVETAP_CGROUP_KN_ID]) | cgroup_v1_mark;
}

#endif
