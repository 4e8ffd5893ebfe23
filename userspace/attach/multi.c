/* SPDX-License-Identifier: MIT */
#include "attach/multi.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The part of union bpf_attr for BPF_LINK_CREATE with this attach type (Linux 6.6). */
struct multi_attr {
	uint32_t program_fd;
	uint32_t target_fd;
	uint32_t attach_type;
	uint32_t flags;
	uint64_t path;	  /* address of the text */
	uint64_t offsets; /* address of count offsets */
	uint64_t ref_counter_offsets;
	uint64_t cookies;
	uint32_t count;
	uint32_t multi_flags;
	uint32_t pid;
	uint32_t padding;
};

_Static_assert(sizeof(struct multi_attr) == 64, "as in the kernel");

int multi_link(int program_fd, const char *path, uint64_t offset, uint64_t cookie)
{
	struct multi_attr attr = {
		.program_fd = (uint32_t)program_fd,
		.attach_type = MULTI_ATTACH_TYPE,
		.path = (uintptr_t)path,
		.offsets = (uintptr_t)&offset,
		.cookies = (uintptr_t)&cookie,
		.count = 1,
	};
	long fd = syscall(SYS_bpf, BPF_LINK_CREATE, &attr, sizeof(attr));

	return fd < 0 ? -errno : (int)fd;
}

/*
 * A program that does nothing, and a link to the directory "/": a kernel that knows the link
 * type finds that this is no regular file, another does not get so far.
 */
bool multi_supported(void)
{
	static const struct bpf_insn nothing[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = 0},
		{.code = BPF_JMP | BPF_EXIT},
	};
	LIBBPF_OPTS(bpf_prog_load_opts, options, .expected_attach_type = MULTI_ATTACH_TYPE);
	int program, ret;

	program = bpf_prog_load(BPF_PROG_TYPE_KPROBE, "dovetap_probe", "GPL", nothing, 2, &options);
	if (program < 0)
		return false;
	ret = multi_link(program, "/", 0, 0);
	if (ret >= 0)
		close(ret);
	close(program);
	return ret == -EBADF;
}
