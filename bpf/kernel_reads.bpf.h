/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reading the kernel's own structs: where the running kernel has a member comes from its BTF
 * (dovetap/origin.h), because the programs are relocated for Dovecot's structs.
 */
#ifndef DOVETAP_KERNEL_READS_BPF_H
#define DOVETAP_KERNEL_READS_BPF_H

#include <vmlinux.h>

#include <bpf/bpf_helpers.h>
#include <dovetap/origin.h>

/* enum dovetap_kernel_reads; by enum dovetap_kernel_member: the offset of each. */
const volatile __u32 kernel_reads = DOVETAP_KERNEL_NOT;
const volatile __u32 kernel_offsets[DOVETAP_KERNEL_COUNT] = {};

#define NOBODY (~0U)

/* The verifier follows the type of a pointer through the kernel's structs, as long as it is loaded
 * whole and from a constant offset. */
static __always_inline __u64 kernel_word(const void *object, __u32 offset)
{
	__u64 word = 0;

	object += offset;
	if (kernel_reads == DOVETAP_KERNEL_TYPED)
		return *(const volatile __u64 *)object;
	bpf_probe_read_kernel(&word, sizeof(word), object);
	return word;
}

static __always_inline __u32 kernel_number(const void *object, __u32 offset)
{
	__u32 number = 0;

	object += offset;
	if (kernel_reads == DOVETAP_KERNEL_TYPED)
		return *(const volatile __u32 *)object;
	bpf_probe_read_kernel(&number, sizeof(number), object);
	return number;
}

#define kernel_pointer(object, id)                                                                 \
	((const void *)kernel_word(object, kernel_offsets[DOVETAP_KERNEL_##id]))
#define kernel_value(object, id) kernel_number(object, kernel_offsets[DOVETAP_KERNEL_##id])

static __always_inline const void *current_task(void)
{
	if (kernel_reads == DOVETAP_KERNEL_TYPED)
		return bpf_get_current_task_btf();
	return (const void *)bpf_get_current_task();
}

/* NULL: a kernel thread, or a process that ends. */
static __always_inline const void *task_exe(const void *task)
{
	const void *mm = kernel_pointer(task, TASK_MM);

	return mm ? kernel_pointer(mm, MM_EXE) : mm;
}

static __always_inline __u32 exe_owner(const void *exe)
{
	const void *inode = kernel_pointer(exe, FILE_INODE);

	return inode ? kernel_value(inode, INODE_UID) : NOBODY;
}

/* All 0 for a file of none, which no map has. Reads from NULL give 0, and each test for it would be
 * one more branch for the verifier to follow. */
static __always_inline void file_identify(struct dovetap_master_file *file_r, const void *exe)
{
	const void *inode = kernel_pointer(exe, FILE_INODE);

	file_r->inode = kernel_word(inode, kernel_offsets[DOVETAP_KERNEL_INODE_NUMBER]);
	file_r->generation = kernel_value(inode, INODE_GENERATION);
	file_r->device = kernel_value(kernel_pointer(inode, INODE_SB), SB_DEVICE);
}

#endif
