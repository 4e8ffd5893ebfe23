/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the kernel has of a file that the attacher has open: the numbers by which the probes'
 * programs know it again when somebody runs it (masters.bpf.h).
 */
#include <vmlinux.h>

#include <bpf/bpf_helpers.h>

#include "kernel_reads.bpf.h"

char LICENSE[] SEC("license") = "GPL";

/* The kernel's struct bpf_iter__task_file, of which no type here is made. */
struct each_file {
	__u64 meta;
	void *task;
	__u32 fd;
	void *file __attribute__((aligned(8)));
};

/* What is asked for, and the answer; one at a time. */
__u32 wanted_fd = 0;
struct dovetap_master_file found_file = {};
__u32 found_owner = 0;
bool found = false;

/* The loader's own descriptors are those of the task in which this runs: it reads the iterator. */
SEC("iter/task_file")
int each_open_file(struct each_file *ctx)
{
	const void *file = *(void *volatile *)&ctx->file; /* once, as the verifier has it tested */
	struct dovetap_master_file found_numbers;

	if (!ctx->task || !file || ctx->fd != wanted_fd ||
	    (__u64)ctx->task != bpf_get_current_task())
		return 0;
	file_identify(&found_numbers, file);
	found_file = found_numbers;
	found_owner = exe_owner(file);
	found = true;
	return 0;
}
