/* SPDX-License-Identifier: MIT */
/*
 * What an ELF file declares to the dynamic linker: its own name, the libraries it needs, where they
 * are. Read from the program headers, as the kernel and the linker do, without the rest of the
 * file: some hundred bytes of each program that is executed on this machine. So it is cheap, and
 * the claims of a hostile file affect only that file.
 */
#ifndef DOVETAP_SEARCH_ELF_DYNAMIC_H
#define DOVETAP_SEARCH_ELF_DYNAMIC_H

#include <stddef.h>

#define ELF_DYNAMIC_NAME_MAX	64
#define ELF_DYNAMIC_NEEDED_MAX	8
#define ELF_DYNAMIC_RUNPATH_MAX 1024

struct elf_dynamic {
	char soname[ELF_DYNAMIC_NAME_MAX];     /* DT_SONAME; "" if absent or longer */
	char runpath[ELF_DYNAMIC_RUNPATH_MAX]; /* DT_RUNPATH, else DT_RPATH; the same */
	size_t needed_count;		       /* libraries of DT_NEEDED that were asked for */
	char needed[ELF_DYNAMIC_NEEDED_MAX][ELF_DYNAMIC_NAME_MAX];
};

/*
 * Reads it from the regular file fd; of DT_NEEDED, the names that begin with prefix. Returns 0, or
 * -ENOEXEC for what is no 64-bit little-endian ELF file with a dynamic section.
 */
int elf_dynamic_read(int fd, const char *prefix, struct elf_dynamic *dynamic_r);

#endif
