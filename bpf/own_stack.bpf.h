/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Keeps the programs on the stack of the task that they interrupt.
 *
 * From Linux 6.13 on a JIT compiler may give a program one stack for each CPU instead, a "private"
 * one, when it uses 64 bytes of stack or more (bpf_enable_priv_stack() in the kernel's verifier.c).
 * Programs of uprobes can be preempted, and nothing keeps a second one off that CPU: two tasks
 * inside one program then write into each other's stack. A record mixes two people's logins; and a
 * pointer that was kept there is another's, so that the kernel itself faults (Linux 7.2, in
 * bpf_ringbuf_discard(), within seconds of the storm of tests/bpf).
 *
 * A program with a tail call never gets a private stack, on any architecture: the program that it
 * would jump to goes on with its frame. So each of ours has one, to an array that stays empty. It
 * stands where a program comes only with an argument of NULL, which no compiler, verifier or
 * loader can rule out, so that it is not removed as dead; and it costs an ordinary hit nothing.
 * There it does nothing: a tail call to an empty slot goes on behind it.
 *
 * Not chosen: less than 64 bytes of stack, which is a limit of today's kernels, and which these
 * programs would reach only by copying objects to the ring; bpf_preempt_disable(), which 6.9 and
 * older do not have. The loader refuses a program that got a private stack all the same
 * (userspace/attach/own_stack.h); tests/kernels has the storm that shows what one does.
 */
#ifndef DOVETAP_OWN_STACK_BPF_H
#define DOVETAP_OWN_STACK_BPF_H

#include <vmlinux.h>

#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} nowhere SEC(".maps");

static __always_inline void stay_on_own_stack(void *ctx)
{
	bpf_tail_call(ctx, &nowhere, 0);
}

#endif
