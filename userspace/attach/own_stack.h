/* SPDX-License-Identifier: MIT */
/*
 * Whether a loaded program runs on the stack of the task that it interrupts, as it must, or on a
 * private stack of the CPU, on which two tasks would write into each other's records
 * (bpf/own_stack.bpf.h).
 *
 * The kernel does not report it. It shows in the machine code that it made of the program: the
 * prologue of a program with a private stack loads its address, which is the per-CPU base plus a
 * number (Linux 6.13 and later on x86-64, 6.17 on arm64; emit_priv_frame_ptr() there, and
 * emit_percpu_ptr() on arm64):
 *
 *	x86-64	mov r9, NUMBER			arm64	mov x27, NUMBER
 *		add r9, gs:[OFFSET]			mrs x10, tpidr_el1 (or _el2)
 *							add x27, x27, x10
 *
 * Neither register has another use in the code for our programs. Without the right to see machine
 * code (CAP_SYSLOG or both kernel.kptr_restrict = 0 and kernel.perf_event_paranoid < 2) the BPF
 * instructions have to do: with a tail call among them the verifier gives no private stack.
 */
#ifndef DOVETAP_ATTACH_OWN_STACK_H
#define DOVETAP_ATTACH_OWN_STACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct bpf_insn;
struct bpf_object;

enum own_stack_machine {
	OWN_STACK_X86_64,
	OWN_STACK_ARM64,
};

/* Whether the code begins with the prologue of a program with a private stack. */
bool own_stack_is_private(enum own_stack_machine machine, const uint8_t *code, size_t size);

/* Whether a tail call is among the instructions, as the kernel shows them of a loaded program. */
bool own_stack_has_tail_call(const struct bpf_insn *instructions, size_t count);

/*
 * Returns 0 if nothing is wrong with program, which is loaded: it has no private stack, or the
 * kernel shows neither its code nor its instructions (kernel.bpf_jit_harden = 2). Otherwise
 * -ENOTSUP, or another negative errno when the kernel does not describe it at all.
 */
int own_stack_check(int program, struct error *error_r);

/* The same for all loaded programs of an object; the error names the first that is wrong.
 * error_r must not be NULL. */
int own_stack_check_all(const struct bpf_object *object, struct error *error_r);

#endif
