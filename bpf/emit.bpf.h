/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From a probe hit to a submitted record: reserve, fill the head, submit; and a count for every hit
 * that does not become one.
 *
 * Records are reserved in the ring and filled in place. A per-CPU scratch buffer would not do: on
 * preemptible kernels two probed threads can be inside the program on one CPU. The bytes of a slot
 * behind its NUL are old contents of the ring.
 */
#ifndef DOVETAP_EMIT_BPF_H
#define DOVETAP_EMIT_BPF_H

#include <vmlinux.h>

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <dovetap/counters.h>
#include <dovetap/event.h>

#include "budget.bpf.h"
#include "cgroup.bpf.h"
#include "maps.bpf.h"
#include "own_stack.bpf.h"
#include "process.bpf.h"

/* Returns 0, so that a program can "return count(...)". */
static __always_inline int count(__u32 counter)
{
	__u32 index = (1 + bpf_get_smp_processor_id()) * DOVETAP_COUNTER_STRIDE + counter;
	__u64 *value = bpf_map_lookup_elem(&counters, &index);

	/* Atomic: a preempted program may be counting on the same CPU. */
	if (value)
		__sync_fetch_and_add(value, 1);
	return 0;
}

/* What each program starts with: the object that the probed function was called with. */
static __always_inline const void *argument(struct pt_regs *ctx)
{
	const void *object = (const void *)PT_REGS_PARM1(ctx);

	count(DOVETAP_COUNT_SEEN);
	if (!object)
		stay_on_own_stack(ctx);
	return object;
}

/* Fills what does not depend on Dovecot. */
static __always_inline void head_fill(struct dovetap_event_head *head, __u16 type, __u32 size,
				      struct pt_regs *ctx)
{
	__u64 pid_tgid = bpf_get_current_pid_tgid();

	__builtin_memset(head, 0, sizeof(*head));
	head->major = DOVETAP_EVENT_MAJOR;
	head->type = type;
	head->size = size;
	head->boot_ns = bpf_ktime_get_boot_ns();
	head->cgroup_id = cgroup_of_current();
	head->object = PT_REGS_PARM1(ctx);
	head->pid = pid_tgid >> 32;
	head->tid = (__u32)pid_tgid;
	head->uid = (__u32)bpf_get_current_uid_gid();
}

static __always_inline struct dovetap_event_tail *event_tail(struct dovetap_event_head *head,
							     bool longer)
{
	return longer ? &((struct dovetap_event_long *)head)->tail
		      : &((struct dovetap_event *)head)->tail;
}

/* NULL, and counted, when the ring is full. The size of a reservation must be a constant. */
static __always_inline struct dovetap_event_head *event_reserve(__u16 type, struct pt_regs *ctx,
								bool longer)
{
	const __u32 size =
		longer ? sizeof(struct dovetap_event_long) : sizeof(struct dovetap_event);
	struct dovetap_event_head *head = bpf_ringbuf_reserve(&events, size, 0);

	if (!head) {
		count(DOVETAP_COUNT_RING_FULL);
		return head;
	}
	head_fill(head, type, size, ctx);
	__builtin_memset(event_tail(head, longer), 0, sizeof(struct dovetap_event_tail));
	return head;
}

static __always_inline void event_discard(struct dovetap_event_head *head, __u32 counter)
{
	bpf_ringbuf_discard(head, 0);
	count(counter);
}

static __always_inline struct dovetap_event_origin *event_origin(struct dovetap_event_head *head,
								 bool longer)
{
	return longer ? &((struct dovetap_event_long *)head)->origin
		      : &((struct dovetap_event *)head)->origin;
}

static __always_inline void origin_fill(struct dovetap_event_origin *origin, struct pt_regs *ctx)
{
	origin->file = file_key ? file_key : bpf_get_attach_cookie(ctx);
	bpf_get_current_comm(origin->comm, sizeof(origin->comm));
}

static __always_inline struct dovetap_event_seal *event_seal(struct dovetap_event_head *head,
							     bool longer)
{
	return longer ? &((struct dovetap_event_long *)head)->seal
		      : &((struct dovetap_event *)head)->seal;
}

static __always_inline struct dovetap_event_process *event_process(struct dovetap_event_head *head,
								   bool longer)
{
	return longer ? &((struct dovetap_event_long *)head)->process
		      : &((struct dovetap_event *)head)->process;
}

/* An ordinary record whose texts did not all fit is dropped, and the result is true: the caller
 * fills the long one. */
static __always_inline bool event_is_too_short(struct dovetap_event_head *head, bool longer)
{
	if (longer || !head->truncated)
		return false;
	bpf_ringbuf_discard(head, 0);
	return true;
}

/* Seals with what is known anew, and submits. */
static __always_inline void event_submit(struct dovetap_event_head *head, bool longer,
					 struct pt_regs *ctx, const struct source *source,
					 __u32 counter)
{
	struct dovetap_event_seal *seal = event_seal(head, longer);
	__u64 pid_tgid = bpf_get_current_pid_tgid();

	origin_fill(event_origin(head, longer), ctx);
	process_fill(event_process(head, longer), source);
	seal->object = PT_REGS_PARM1(ctx);
	seal->pid = pid_tgid >> 32;
	seal->tid = (__u32)pid_tgid;
	if (longer)
		count(DOVETAP_COUNT_LONG_RECORD);
	if (head->failed)
		count(DOVETAP_COUNT_FIELD_UNREADABLE);
	if (head->truncated)
		count(DOVETAP_COUNT_FIELD_TRUNCATED);
	bpf_ringbuf_submit(head, 0);
	count(counter);
}

#endif
