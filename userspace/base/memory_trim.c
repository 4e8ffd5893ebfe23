/* SPDX-License-Identifier: MIT */
#include "base/memory_trim.h"

#include <link.h>
#include <malloc.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

/* Relocations were written into its code: dropping that would undo them. */
static bool has_text_relocations(const struct dl_phdr_info *info)
{
	for (unsigned int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *header = &info->dlpi_phdr[i];
		const ElfW(Dyn) *entry =
			(const ElfW(Dyn) *)(uintptr_t)(info->dlpi_addr + header->p_vaddr);

		if (header->p_type != PT_DYNAMIC)
			continue;
		for (; entry->d_tag != DT_NULL; entry++) {
			if (entry->d_tag == DT_TEXTREL ||
			    (entry->d_tag == DT_FLAGS && (entry->d_un.d_val & DF_TEXTREL)))
				return true;
		}
	}
	return false;
}

/* Whole pages of segments that nobody writes: the file has what was in them. */
static int drop_segments(struct dl_phdr_info *info, size_t size, void *context)
{
	const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);

	(void)size;
	(void)context;
	if (has_text_relocations(info))
		return 0;
	for (unsigned int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *header = &info->dlpi_phdr[i];
		uintptr_t begin = (info->dlpi_addr + header->p_vaddr) & ~(page - 1);
		uintptr_t end =
			(info->dlpi_addr + header->p_vaddr + header->p_filesz) & ~(page - 1);

		/* Refused for what the kernel has mapped itself (vDSO). */
		if (header->p_type == PT_LOAD && !(header->p_flags & PF_W) && end > begin)
			(void)madvise((void *)begin, end - begin, MADV_DONTNEED);
	}
	return 0;
}

void memory_trim(void)
{
	(void)malloc_trim(0);
	(void)dl_iterate_phdr(drop_segments, NULL);
}
