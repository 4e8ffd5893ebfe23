/* SPDX-License-Identifier: MIT */
/* Machine code, looked at only as far as a direct call can be recognised. */
#ifndef DOVETAP_SEARCH_ELF_CODE_H
#define DOVETAP_SEARCH_ELF_CODE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

struct elf_code {
	struct slice bytes;
	uint64_t address; /* of the first byte, when running */
};

/*
 * Counts direct calls and jumps to target: on x86-64 every byte is tried as the beginning of call,
 * jmp or jcc with a 32-bit distance (e8, e9, 0f 80...8f), on arm64 every word as BL or B. What
 * lies within the function itself (size bytes from target) does not count. Data that looks like
 * a call to exactly this address is possible, but was not seen in any build.
 */
unsigned int elf_code_calls(const struct elf_code *code, bool x86, uint64_t target, uint64_t size);

/*
 * True if endbr64 stands at offset with code behind it. A trap on endbr64 must be single-stepped,
 * which takes 3.5 times as long as one on the push that follows.
 */
#define ELF_CODE_LANDING_SIZE 4
bool elf_code_is_landing(struct slice bytes, uint64_t offset);

#endif
