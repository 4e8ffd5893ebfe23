/* SPDX-License-Identifier: MIT */
#include "attach/own_stack.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PROLOGUE_SIZE 128 /* more than any prologue has */

#if defined(__x86_64__)
#define OUR_MACHINE OWN_STACK_X86_64
#elif defined(__aarch64__)
#define OUR_MACHINE OWN_STACK_ARM64
#else
#error "how does a private stack look here?"
#endif

static bool is_private_x86_64(const uint8_t *code, size_t size)
{
	static const uint8_t add_base[] = {0x65, 0x4c, 0x03, 0x0c, 0x25}; /* add r9, gs:[...] */

	return memmem(code, size, add_base, sizeof(add_base)) != NULL;
}

#define ARM64_MRS_X10_TPIDR_EL1 0xd538d08aU
#define ARM64_MRS_X10_TPIDR_EL2 0xd53cd04aU
#define ARM64_ADD_X27_X27_X10	0x8b0a037bU

static bool is_private_arm64(const uint8_t *code, size_t size)
{
	uint32_t words[2];

	for (size_t at = 0; at + sizeof(words) <= size; at += sizeof(words[0])) {
		memcpy(words, code + at, sizeof(words));
		if ((words[0] == ARM64_MRS_X10_TPIDR_EL1 || words[0] == ARM64_MRS_X10_TPIDR_EL2) &&
		    words[1] == ARM64_ADD_X27_X27_X10)
			return true;
	}
	return false;
}

bool own_stack_is_private(enum own_stack_machine machine, const uint8_t *code, size_t size)
{
	if (size > PROLOGUE_SIZE)
		size = PROLOGUE_SIZE;
	return machine == OWN_STACK_ARM64 ? is_private_arm64(code, size)
					  : is_private_x86_64(code, size);
}

bool own_stack_has_tail_call(const struct bpf_insn *instructions, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (instructions[i].code == (BPF_JMP | BPF_CALL) && instructions[i].src_reg == 0 &&
		    instructions[i].imm == BPF_FUNC_tail_call)
			return true;
	}
	return false;
}

static int describe(int program, struct bpf_prog_info *info, struct error *error_r)
{
	uint32_t size = sizeof(*info);

	if (bpf_obj_get_info_by_fd(program, info, &size) == 0)
		return 0;
	return error_set(error_r, errno, "the kernel does not describe the program: %s",
			 strerror(errno));
}

static int refuse(const char *why, struct error *error_r)
{
	return error_set(error_r, ENOTSUP,
			 "%s, on which the logins of two processes would mix: please report it",
			 why);
}

/* Needs the right to see it. */
static int check_code(int program, bool *seen_r, struct error *error_r)
{
	uint8_t code[PROLOGUE_SIZE];
	struct bpf_prog_info info = {
		.jited_prog_insns = (uintptr_t)code,
		.jited_prog_len = sizeof(code),
	};
	int ret = describe(program, &info, error_r);
	size_t size = info.jited_prog_len < sizeof(code) ? info.jited_prog_len : sizeof(code);

	/* Not compiled: then the interpreter's stack, which is the task's, is the program's. */
	*seen_r = ret == 0 && (info.jited_prog_len == 0 || info.jited_prog_insns != 0);
	if (*seen_r && own_stack_is_private(OUR_MACHINE, code, size))
		return refuse("the kernel gave it a private stack", error_r);
	return ret;
}

static int check_instructions(int program, struct error *error_r)
{
	struct bpf_prog_info info = {0};
	void *instructions = NULL;
	int ret = describe(program, &info, error_r);
	uint32_t size = info.xlated_prog_len;

	if (ret < 0 || size == 0)
		return ret;
	instructions = calloc(1, size);
	if (!instructions)
		return error_set(error_r, ENOMEM, "out of memory");
	info = (struct bpf_prog_info){
		.xlated_prog_insns = (uintptr_t)instructions,
		.xlated_prog_len = size,
	};
	ret = describe(program, &info, error_r);
	if (ret == 0 && info.xlated_prog_insns != 0 &&
	    !own_stack_has_tail_call(instructions, size / sizeof(struct bpf_insn)))
		ret = refuse("it lost its tail call, and may have a private stack", error_r);
	free(instructions);
	return ret;
}

int own_stack_check(int program, struct error *error_r)
{
	bool seen;
	int ret = check_code(program, &seen, error_r);

	return ret < 0 || seen ? ret : check_instructions(program, error_r);
}

/* bpf_enable_priv_stack() of Linux 6.13 gives an iterator none. */
static bool may_get_one(const struct bpf_program *program)
{
	return bpf_program__expected_attach_type(program) != BPF_TRACE_ITER;
}

int own_stack_check_all(const struct bpf_object *object, struct error *error_r)
{
	struct bpf_program *program;

	bpf_object__for_each_program(program, object)
	{
		int fd = bpf_program__fd(program);

		if (fd >= 0 && may_get_one(program) && own_stack_check(fd, error_r) < 0)
			return error_prefix(error_r, "%s", bpf_program__name(program));
	}
	return 0;
}
