/* SPDX-License-Identifier: MIT */
#include "search/elf_dynamic.h"

#include <elf.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#define SEGMENTS_MAX 64	 /* a linked file has some 13 */
#define ENTRIES_MAX  512 /* of the dynamic section; a linked file has some 35 */

/* What is needed to find the bytes of an address, and a string of the table. */
struct image {
	int fd;
	Elf64_Phdr loads[SEGMENTS_MAX];
	size_t load_count;
	uint64_t strings; /* file offset */
	uint64_t strings_size;
};

static bool read_at(int fd, uint64_t offset, void *bytes_r, size_t size)
{
	return offset <= INT64_MAX && pread(fd, bytes_r, size, (off_t)offset) == (ssize_t)size;
}

static bool header_read(int fd, Elf64_Ehdr *header_r)
{
	return read_at(fd, 0, header_r, sizeof(*header_r)) &&
	       memcmp(header_r->e_ident, ELFMAG, SELFMAG) == 0 &&
	       header_r->e_ident[EI_CLASS] == ELFCLASS64 &&
	       header_r->e_ident[EI_DATA] == ELFDATA2LSB &&
	       (header_r->e_type == ET_EXEC || header_r->e_type == ET_DYN) &&
	       header_r->e_phentsize == sizeof(Elf64_Phdr) && header_r->e_phnum <= SEGMENTS_MAX;
}

/* Fills the image's loads; true if there is a dynamic segment. */
static bool segments_read(struct image *image, Elf64_Phdr *dynamic_r)
{
	Elf64_Phdr segment;
	Elf64_Ehdr header;
	bool found = false;

	if (!header_read(image->fd, &header))
		return false;
	for (uint64_t i = 0; i < header.e_phnum; i++) {
		if (header.e_phoff > INT64_MAX ||
		    !read_at(image->fd, header.e_phoff + i * sizeof(segment), &segment,
			     sizeof(segment)))
			return false;
		if (segment.p_type == PT_LOAD)
			image->loads[image->load_count++] = segment;
		if (segment.p_type == PT_DYNAMIC && !found) {
			*dynamic_r = segment;
			found = true;
		}
	}
	return found;
}

static bool offset_of(const struct image *image, uint64_t address, uint64_t *offset_r)
{
	for (size_t i = 0; i < image->load_count; i++) {
		const Elf64_Phdr *load = &image->loads[i];

		if (address >= load->p_vaddr && address - load->p_vaddr < load->p_filesz) {
			*offset_r = load->p_offset + (address - load->p_vaddr);
			return true;
		}
	}
	return false;
}

/* The string at index of the table, if it ends there within size bytes; else "". */
static void string_read(const struct image *image, uint64_t index, char *string_r, size_t size)
{
	ssize_t len = 0;

	if (index < image->strings_size && image->strings <= INT64_MAX - index) {
		size_t rest =
			image->strings_size - index < size ? image->strings_size - index : size;

		len = pread(image->fd, string_r, rest, (off_t)(image->strings + index));
	}
	if (len <= 0 || !memchr(string_r, '\0', (size_t)len))
		string_r[0] = '\0';
}

/* The entry with the table may follow those that refer to it. */
static bool strings_find(struct image *image, const Elf64_Dyn *entries, size_t count)
{
	bool found = false;

	for (size_t i = 0; i < count; i++) {
		if (entries[i].d_tag == DT_STRTAB)
			found = offset_of(image, entries[i].d_un.d_ptr, &image->strings);
		if (entries[i].d_tag == DT_STRSZ)
			image->strings_size = entries[i].d_un.d_val;
	}
	return found;
}

static void needed_add(const struct image *image, uint64_t index, const char *prefix,
		       struct elf_dynamic *dynamic)
{
	char *name = dynamic->needed[dynamic->needed_count];

	if (dynamic->needed_count + 1 == ELF_DYNAMIC_NEEDED_MAX)
		return;
	string_read(image, index, name, ELF_DYNAMIC_NAME_MAX);
	if (strncmp(name, prefix, strlen(prefix)) == 0)
		dynamic->needed_count++;
}

static void entries_use(const struct image *image, const Elf64_Dyn *entries, size_t count,
			const char *prefix, struct elf_dynamic *dynamic)
{
	bool runpath = false;

	for (size_t i = 0; i < count && entries[i].d_tag != DT_NULL; i++) {
		uint64_t index = entries[i].d_un.d_val;

		if (entries[i].d_tag == DT_SONAME)
			string_read(image, index, dynamic->soname, sizeof(dynamic->soname));
		if (entries[i].d_tag == DT_NEEDED)
			needed_add(image, index, prefix, dynamic);
		if (entries[i].d_tag == DT_RUNPATH || (entries[i].d_tag == DT_RPATH && !runpath))
			string_read(image, index, dynamic->runpath, sizeof(dynamic->runpath));
		runpath |= entries[i].d_tag == DT_RUNPATH;
	}
}

int elf_dynamic_read(int fd, const char *prefix, struct elf_dynamic *dynamic_r)
{
	struct image image = {.fd = fd};
	Elf64_Dyn entries[ENTRIES_MAX];
	Elf64_Phdr segment = {0};
	ssize_t size;
	size_t count;

	*dynamic_r = (struct elf_dynamic){0};
	if (!segments_read(&image, &segment) || segment.p_offset > INT64_MAX)
		return -ENOEXEC;
	size = pread(fd, entries,
		     segment.p_filesz < sizeof(entries) ? segment.p_filesz : sizeof(entries),
		     (off_t)segment.p_offset);
	count = size < 0 ? 0 : (size_t)size / sizeof(entries[0]);
	if (!strings_find(&image, entries, count))
		return -ENOEXEC;
	entries_use(&image, entries, count, prefix, dynamic_r);
	return 0;
}
