/* SPDX-License-Identifier: GPL-2.0-only */
/* The cheapest program there is: what a probe costs before it does anything. */
#include <vmlinux.h>

#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

SEC("uprobe")
int empty(void *ctx)
{
	(void)ctx;
	return 0;
}
