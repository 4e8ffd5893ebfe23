/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Remembers of each process that descends from a Dovecot master which one that is (descents.bpf.h):
 * of those that start when they execute their program, of those that run already when asked.
 *
 * What a process was once remembered for stays: a script of a service may execute its program when
 * the master has just ended.
 */
#include <vmlinux.h>

#include <bpf/bpf_helpers.h>

#include "own_stack.bpf.h"
#include "process.bpf.h"

char LICENSE[] SEC("license") = "GPL";

/* The kernel's struct bpf_iter__task, of which no type here is made. */
struct each_task {
	__u64 meta;
	void *task;
};

/* False when it descends from none. */
static __always_inline bool remember(void *task)
{
	struct source source = {.origin = DOVETAP_ORIGIN_UNKNOWN};
	struct dovetap_event_process process = {};
	struct descent *descent;
	const void *master;

	find_master(task, &source);
	if (source.origin == DOVETAP_ORIGIN_UNKNOWN)
		return false;
	master = ancestor_of(task, source.distance);
	if (!master)
		return false;
	parent_fill(&process, master);
	descent = bpf_task_storage_get(&descents, task, 0, BPF_STORAGE_CREATE);
	if (!descent)
		return true;
	descent->origin = source.origin;
	descent->parent_uid = process.parent_uid;
	descent->parent_pid = process.parent_pid;
	descent->owner_uid = process.owner_uid;
	__builtin_memcpy(descent->parent_exe, process.parent_exe, sizeof(descent->parent_exe));
	return true;
}

SEC("raw_tp")
int program_executed(void *ctx)
{
	if (!remember(bpf_get_current_task_btf()))
		stay_on_own_stack(ctx);
	return 0;
}

SEC("iter/task")
int each_process(struct each_task *ctx)
{
	if (ctx->task)
		remember(ctx->task);
	return 0;
}
