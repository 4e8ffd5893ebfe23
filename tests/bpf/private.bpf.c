/* SPDX-License-Identifier: GPL-2.0-only */
/* Programs that differ in what decides about a private stack: its depth, and a tail call. */
#include <vmlinux.h>

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "own_stack.bpf.h"

char LICENSE[] SEC("license") = "GPL";

static __always_inline int use_stack(struct pt_regs *ctx)
{
	char text[128];

	return bpf_probe_read_user_str(text, sizeof(text), (const void *)PT_REGS_PARM1(ctx));
}

SEC("uprobe")
int deep(struct pt_regs *ctx)
{
	return use_stack(ctx);
}

SEC("uprobe")
int deep_with_tail_call(struct pt_regs *ctx)
{
	if (!PT_REGS_PARM1(ctx))
		stay_on_own_stack(ctx);
	return use_stack(ctx);
}
