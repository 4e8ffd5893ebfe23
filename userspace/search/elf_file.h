/* SPDX-License-Identifier: MIT */
/* What elf_load.c reads and elf.c answers from; private to the two. */
#ifndef DOVETAP_SEARCH_ELF_FILE_H
#define DOVETAP_SEARCH_ELF_FILE_H

#include <gelf.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

#define ELF_CODE_MAX 8
#define ELF_RELA_MAX 8

struct elf_section {
	GElf_Shdr header;
	struct slice bytes;
};

struct elf_symbols {
	struct slice entries; /* Elf64_Sym */
	struct slice names;
	size_t index; /* of the section */
};

struct elf_file {
	Elf *elf;
	char *owned; /* the bytes, when they were read here */
	struct slice bytes;
	uint16_t machine;
	struct elf_symbols dynamic; /* .dynsym */
	struct elf_symbols full;    /* .symtab, in files that are not stripped */
	struct elf_section code[ELF_CODE_MAX];
	size_t code_count, code_bytes, note_bytes;
	struct slice rela[ELF_RELA_MAX]; /* Elf64_Rela, on .dynsym */
	size_t rela_count;
	struct slice rodata;
	struct slice build_id;
};

/* UNSAFE: entry number index of a raw table; the caller stays below table.len / size. */
void elf_entry_get(struct slice table, size_t index, void *entry_r, size_t size);

#endif
