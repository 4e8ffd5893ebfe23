/* SPDX-License-Identifier: MIT */
/*
 * What must be known of an ELF file before a probe is set in it. The input is bytes that anybody
 * may have written (a container's file): sizes and counts in it are claims, checked against what
 * is there. The bytes are a private copy, so that a file that shrinks meanwhile does no harm.
 *
 * ELF64 little endian, x86-64 and arm64.
 */
#ifndef DOVETAP_SEARCH_ELF_H
#define DOVETAP_SEARCH_ELF_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/slice.h"
#include "dovecot/abi.h"

#define ELF_FILE_MAX (64U << 20) /* bytes; a larger file is refused */

struct elf_file;

/*
 * Parses bytes, which must stay until elf_file_free(). Returns 0, or -ENOEXEC with the reason for
 * what is no ELF file of these kinds.
 */
int elf_file_parse(struct slice bytes, struct elf_file **file_r, struct error *error_r);

/* Reads the regular file fd and parses it; the memory belongs to the elf_file. */
int elf_file_read(int fd, struct elf_file **file_r, struct error *error_r);

void elf_file_free(struct elf_file **file);

/*
 * Dovecot's ABI string ("2.3.ABIv19(2.3.19.1)", "2.4.ABIv1"): a whole string of .rodata. Returns
 * 0; -ENOENT when there is none, -EEXIST when there are several that differ.
 */
int elf_file_abi(const struct elf_file *file, char abi_r[ABI_MAX], struct error *error_r);

/* GNU build id; empty if there is none. Valid as long as the file. */
struct slice elf_file_build_id(const struct elf_file *file);

/* The longest instruction of x86-64 has 15 bytes. */
#define ELF_FUNCTION_CODE 16

struct elf_function {
	uint64_t offset;      /* in the file, where the probe goes: behind an endbr64 */
	bool behind_landing;  /* the function begins with endbr64 */
	unsigned int imports; /* JUMP_SLOT and GLOB_DAT relocations of the file itself */
	unsigned int calls;   /* direct calls and jumps to it from elsewhere in the file's code */
	uint8_t code[ELF_FUNCTION_CODE]; /* at offset, 0 behind the end of the file */
};

/*
 * Finds a defined function by name. Neither imports nor calls means that nothing in this file
 * enters it: link-time optimisation has left a copy that never runs. Returns 0, or -ENOENT.
 */
int elf_file_function(const struct elf_file *file, const char *name,
		      struct elf_function *function_r, struct error *error_r);

/* True if the file takes name from another object (an undefined symbol with a relocation). */
bool elf_file_imports(const struct elf_file *file, const char *name);

#endif
