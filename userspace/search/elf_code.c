/* SPDX-License-Identifier: MIT */
#include "search/elf_code.h"

#include <string.h>

/*
 * Opcode at *at of the section: the length of the instruction whose last four bytes are the
 * distance, or 0. UNSAFE: the caller has made sure of 6 readable bytes.
 */
static size_t x86_branch_length(const unsigned char *at)
{
	if (at[0] == 0xe8 || at[0] == 0xe9)
		return 5;
	if (at[0] == 0x0f && (at[1] & 0xf0) == 0x80)
		return 6;
	return 0;
}

static unsigned int count_x86(const struct elf_code *code, uint64_t target, uint64_t size)
{
	const unsigned char *bytes = (const unsigned char *)code->bytes.ptr;
	unsigned int count = 0;
	uint64_t address;
	int32_t distance;
	size_t len;

	for (size_t i = 0; i + 5 <= code->bytes.len; i++) { /* no branch is shorter */
		len = x86_branch_length(bytes + i);
		if (len == 0 || i + len > code->bytes.len)
			continue;
		address = code->address + i;
		memcpy(&distance, bytes + i + len - 4, 4);
		if (address + len + (uint64_t)(int64_t)distance == target &&
		    address - target >= size)
			count++;
	}
	return count;
}

static unsigned int count_arm64(const struct elf_code *code, uint64_t target, uint64_t size)
{
	unsigned int count = 0;
	uint64_t address;
	uint32_t word;
	int32_t distance;

	for (size_t i = 0; code->bytes.len >= 4 && i <= code->bytes.len - 4; i += 4) {
		memcpy(&word, code->bytes.ptr + i, 4);
		if ((word & 0x7c000000U) != 0x14000000U) /* BL or B, by the top bit */
			continue;
		/* 26 bits of words, with sign: to the top, and back down arithmetically. */
		distance = (int32_t)(word << 6) >> 4;
		address = code->address + i;
		if (address + (uint64_t)(int64_t)distance == target && address - target >= size)
			count++;
	}
	return count;
}

unsigned int elf_code_calls(const struct elf_code *code, bool x86, uint64_t target, uint64_t size)
{
	return x86 ? count_x86(code, target, size) : count_arm64(code, target, size);
}

bool elf_code_is_landing(struct slice bytes, uint64_t offset)
{
	static const unsigned char endbr64[ELF_CODE_LANDING_SIZE] = {0xf3, 0x0f, 0x1e, 0xfa};

	return offset < bytes.len && bytes.len - offset > sizeof(endbr64) &&
	       memcmp(bytes.ptr + offset, endbr64, sizeof(endbr64)) == 0;
}
