/* SPDX-License-Identifier: MIT */
/*
 * Section contents are taken raw from the copy of the file (libelf checks that they lie within
 * it) and entries copied out one by one, so nothing depends on alignment, and no claimed count
 * is ever multiplied or allocated.
 */
#include <errno.h>
#include <gelf.h>
#include <libelf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "search/elf.h"
#include "search/elf_file.h"

#define SECTIONS_MAX 512 /* a linked file has some 30 */

/* UNSAFE */
void elf_entry_get(struct slice table, size_t index, void *entry_r, size_t size)
{
	memcpy(entry_r, table.ptr + index * size, size);
}

/* Looks at no more of the table than the name is long. */
static bool name_is(struct slice table, uint64_t offset, const char *name)
{
	size_t size = strlen(name) + 1;

	return offset < table.len && table.len - offset >= size &&
	       memcmp(table.ptr + offset, name, size) == 0;
}

static bool section_load(Elf_Scn *scn, struct elf_section *section_r)
{
	Elf_Data *data;

	if (!scn || !gelf_getshdr(scn, &section_r->header))
		return false;
	section_r->bytes = (struct slice){NULL, 0};
	if (section_r->header.sh_type == SHT_NOBITS)
		return true;
	data = elf_rawdata(scn, NULL);
	if (data && data->d_buf)
		section_r->bytes = (struct slice){data->d_buf, data->d_size};
	return true;
}

static void symbols_load(struct elf_file *file, const struct elf_section *section, size_t index,
			 struct elf_symbols *symbols)
{
	struct elf_section names;

	if (symbols->index != 0 ||
	    !section_load(elf_getscn(file->elf, section->header.sh_link), &names))
		return;
	symbols->index = index;
	symbols->entries = section->bytes;
	symbols->names = names.bytes;
}

static void note_load(struct elf_file *file, struct slice notes)
{
	Elf64_Nhdr note;
	size_t at = 0, name, desc;

	while (notes.len - at >= sizeof(note)) {
		memcpy(&note, notes.ptr + at, sizeof(note));
		name = at + sizeof(note);
		if (note.n_namesz > notes.len || note.n_descsz > notes.len)
			return;
		desc = name + ((note.n_namesz + 3UL) & ~3UL);
		at = desc + ((note.n_descsz + 3UL) & ~3UL);
		if (desc > notes.len || note.n_descsz > notes.len - desc)
			return;
		if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == sizeof(ELF_NOTE_GNU) &&
		    memcmp(notes.ptr + name, ELF_NOTE_GNU, sizeof(ELF_NOTE_GNU)) == 0) {
			file->build_id = (struct slice){notes.ptr + desc, note.n_descsz};
			return;
		}
		if (at > notes.len)
			return;
	}
}

/* Sections that overlap would make much work of a small file. */
static bool fits(const struct elf_file *file, const struct elf_section *section, size_t *taken)
{
	if (section->bytes.len > file->bytes.len - *taken)
		return false;
	*taken += section->bytes.len;
	return true;
}

static void progbits_load(struct elf_file *file, const struct elf_section *section,
			  struct slice names)
{
	if (section->header.sh_flags & SHF_EXECINSTR) {
		if (file->code_count < ELF_CODE_MAX && fits(file, section, &file->code_bytes))
			file->code[file->code_count++] = *section;
	} else if (file->rodata.len == 0 && name_is(names, section->header.sh_name, ".rodata")) {
		file->rodata = section->bytes;
	}
}

static void section_use(struct elf_file *file, const struct elf_section *section, size_t index,
			struct slice names)
{
	switch (section->header.sh_type) {
	case SHT_DYNSYM:
		symbols_load(file, section, index, &file->dynamic);
		break;
	case SHT_SYMTAB:
		symbols_load(file, section, index, &file->full);
		break;
	case SHT_RELA:
		if (file->rela_count < ELF_RELA_MAX && (section->header.sh_flags & SHF_ALLOC))
			file->rela[file->rela_count++] = section->bytes;
		break;
	case SHT_NOTE:
		if (file->build_id.len == 0 && fits(file, section, &file->note_bytes))
			note_load(file, section->bytes);
		break;
	case SHT_PROGBITS:
		progbits_load(file, section, names);
		break;
	default:
		break;
	}
}

static int sections_load(struct elf_file *file, struct error *error_r)
{
	struct elf_section section, names = {0};
	size_t count, names_index;

	if (elf_getshdrnum(file->elf, &count) != 0 || count < 2)
		return error_set(error_r, ENOEXEC, "it has no section headers");
	if (count > SECTIONS_MAX)
		return error_set(error_r, ENOEXEC, "it claims %zu sections", count);
	if (elf_getshdrstrndx(file->elf, &names_index) != 0 ||
	    !section_load(elf_getscn(file->elf, names_index), &names))
		return error_set(error_r, ENOEXEC, "its section names cannot be read");
	for (size_t i = 1; i < count; i++) {
		if (!section_load(elf_getscn(file->elf, i), &section))
			return error_set(error_r, ENOEXEC, "section %zu cannot be read", i);
		section_use(file, &section, i, names.bytes);
	}
	return 0;
}

static int header_check(struct elf_file *file, struct error *error_r)
{
	GElf_Ehdr header;

	if (!file->elf || elf_kind(file->elf) != ELF_K_ELF || !gelf_getehdr(file->elf, &header))
		return error_set(error_r, ENOEXEC, "it is no ELF file");
	if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_ident[EI_DATA] != ELFDATA2LSB ||
	    (header.e_type != ET_EXEC && header.e_type != ET_DYN))
		return error_set(error_r, ENOEXEC,
				 "it is no 64-bit little-endian program or library");
	if (header.e_machine != EM_X86_64 && header.e_machine != EM_AARCH64)
		return error_set(error_r, ENOEXEC, "it is for another processor (machine %u)",
				 header.e_machine);
	file->machine = header.e_machine;
	return 0;
}

int elf_file_parse(struct slice bytes, struct elf_file **file_r, struct error *error_r)
{
	struct elf_file *file = calloc(1, sizeof(*file));
	int ret;

	if (!file)
		return error_set(error_r, ENOMEM, "out of memory");
	elf_version(EV_CURRENT);
	file->bytes = bytes;
	/* libelf does not write to an image that was opened for reading. */
	file->elf = bytes.len > 0 ? elf_memory((char *)bytes.ptr, bytes.len) : NULL;
	ret = header_check(file, error_r);
	if (ret == 0)
		ret = sections_load(file, error_r);
	if (ret < 0) {
		elf_file_free(&file);
		return ret;
	}
	*file_r = file;
	return 0;
}

/* Reads the present contents; a file that grows or shrinks meanwhile is cut, not followed. */
static int read_all(int fd, char *bytes, size_t size, size_t *len_r)
{
	ssize_t n;
	size_t len = 0;

	while (len < size) {
		n = pread(fd, bytes + len, size - len, (off_t)len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		len += (size_t)n;
	}
	*len_r = len;
	return 0;
}

/* Saves reading what is large and no ELF file. */
static bool has_magic(int fd)
{
	char magic[SELFMAG];

	return pread(fd, magic, sizeof(magic), 0) == (ssize_t)sizeof(magic) &&
	       memcmp(magic, ELFMAG, SELFMAG) == 0;
}

int elf_file_read(int fd, struct elf_file **file_r, struct error *error_r)
{
	struct slice bytes = {NULL, 0};
	struct stat st;
	char *owned;
	int ret;

	if (fstat(fd, &st) < 0)
		return error_set(error_r, errno, "%s", strerror(errno));
	if (!S_ISREG(st.st_mode) || st.st_size <= 0 || st.st_size > ELF_FILE_MAX)
		return error_set(error_r, ENOEXEC, "it is no regular file of 1 byte to %u MiB",
				 ELF_FILE_MAX >> 20);
	if (!has_magic(fd))
		return error_set(error_r, ENOEXEC, "it is no ELF file");
	owned = malloc((size_t)st.st_size);
	if (!owned)
		return error_set(error_r, ENOMEM, "out of memory");
	bytes.ptr = owned;
	ret = read_all(fd, owned, (size_t)st.st_size, &bytes.len);
	if (ret < 0)
		error_set(error_r, -ret, "cannot be read: %s", strerror(-ret));
	else
		ret = elf_file_parse(bytes, file_r, error_r);
	if (ret < 0)
		free(owned);
	else
		(*file_r)->owned = owned;
	return ret;
}

void elf_file_free(struct elf_file **file)
{
	if (!*file)
		return;
	elf_end((*file)->elf);
	free((*file)->owned);
	free(*file);
	*file = NULL;
}
