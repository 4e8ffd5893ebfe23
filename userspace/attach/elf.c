/* SPDX-License-Identifier: MIT */
/*
 * Section contents are taken raw from the copy of the file (libelf checks that they lie within
 * it) and entries copied out one by one, so nothing depends on alignment, and no claimed count
 * is ever multiplied or allocated.
 */
#include "attach/elf.h"

#include "attach/elf_code.h"

#include <errno.h>
#include <gelf.h>
#include <libelf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SECTIONS_MAX 512 /* a linked file has some 30 */
#define SEGMENTS_MAX 64
#define RELA_MAX     8
#define CODE_MAX     8

struct section {
	GElf_Shdr header;
	struct slice bytes;
};

struct symbols {
	struct slice entries; /* Elf64_Sym */
	struct slice names;
	size_t index; /* of the section */
};

struct elf_file {
	Elf *elf;
	char *owned; /* the bytes, when they were read here */
	struct slice bytes;
	uint16_t machine;
	struct symbols dynamic; /* .dynsym */
	struct symbols full;	/* .symtab, in files that are not stripped */
	struct section code[CODE_MAX];
	size_t code_count, code_bytes;
	struct slice rela[RELA_MAX]; /* Elf64_Rela, on .dynsym */
	size_t rela_count;
	struct slice rodata;
	struct slice build_id;
	const char *soname, *runpath;
};

/* UNSAFE: entry number index of a raw table; the caller stays below table.len / size. */
static void entry_get(struct slice table, size_t index, void *entry_r, size_t size)
{
	memcpy(entry_r, table.ptr + index * size, size);
}

/* The string at offset, if it ends within the table; else NULL. */
static const char *string_at(struct slice table, uint64_t offset)
{
	if (offset >= table.len || !memchr(table.ptr + offset, '\0', table.len - offset))
		return NULL;
	return table.ptr + offset;
}

static bool string_is(struct slice table, uint64_t offset, const char *name)
{
	size_t size = strlen(name) + 1;

	return offset < table.len && table.len - offset >= size &&
	       memcmp(table.ptr + offset, name, size) == 0;
}

static bool section_load(Elf_Scn *scn, struct section *section_r)
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

static void symbols_load(struct elf_file *file, const struct section *section, size_t index,
			 struct symbols *symbols)
{
	struct section names;

	if (symbols->index != 0 ||
	    !section_load(elf_getscn(file->elf, section->header.sh_link), &names))
		return;
	symbols->index = index;
	symbols->entries = section->bytes;
	symbols->names = names.bytes;
}

static void dynamic_load(struct elf_file *file, const struct section *section)
{
	struct section names;
	const char *rpath = NULL;
	Elf64_Dyn entry;

	if (!section_load(elf_getscn(file->elf, section->header.sh_link), &names))
		return;
	for (size_t i = 0; i < section->bytes.len / sizeof(entry); i++) {
		entry_get(section->bytes, i, &entry, sizeof(entry));
		if (entry.d_tag == DT_SONAME && !file->soname)
			file->soname = string_at(names.bytes, entry.d_un.d_val);
		if (entry.d_tag == DT_RUNPATH && !file->runpath)
			file->runpath = string_at(names.bytes, entry.d_un.d_val);
		if (entry.d_tag == DT_RPATH && !rpath)
			rpath = string_at(names.bytes, entry.d_un.d_val);
	}
	if (!file->runpath)
		file->runpath = rpath;
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

static void progbits_load(struct elf_file *file, const struct section *section, const char *name)
{
	if (section->header.sh_flags & SHF_EXECINSTR) {
		/* Sections that overlap would make much work of a small file. */
		if (file->code_count == CODE_MAX ||
		    section->bytes.len > file->bytes.len - file->code_bytes)
			return;
		file->code_bytes += section->bytes.len;
		file->code[file->code_count++] = *section;
	} else if (name && strcmp(name, ".rodata") == 0 && file->rodata.len == 0) {
		file->rodata = section->bytes;
	}
}

static void section_use(struct elf_file *file, const struct section *section, size_t index,
			const char *name)
{
	switch (section->header.sh_type) {
	case SHT_DYNSYM:
		symbols_load(file, section, index, &file->dynamic);
		break;
	case SHT_SYMTAB:
		symbols_load(file, section, index, &file->full);
		break;
	case SHT_DYNAMIC:
		dynamic_load(file, section);
		break;
	case SHT_RELA:
		if (file->rela_count < RELA_MAX && (section->header.sh_flags & SHF_ALLOC))
			file->rela[file->rela_count++] = section->bytes;
		break;
	case SHT_NOTE:
		if (file->build_id.len == 0)
			note_load(file, section->bytes);
		break;
	case SHT_PROGBITS:
		progbits_load(file, section, name);
		break;
	default:
		break;
	}
}

static int sections_load(struct elf_file *file, struct error *error_r)
{
	struct section section, names = {0};
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
		section_use(file, &section, i, string_at(names.bytes, section.header.sh_name));
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
	int err;

	if (!file)
		return error_set(error_r, ENOMEM, "out of memory");
	elf_version(EV_CURRENT);
	file->bytes = bytes;
	/* libelf does not write to an image that was opened for reading. */
	file->elf = bytes.len > 0 ? elf_memory((char *)bytes.ptr, bytes.len) : NULL;
	err = header_check(file, error_r);
	if (err == 0)
		err = sections_load(file, error_r);
	if (err < 0) {
		elf_file_free(&file);
		return err;
	}
	*file_r = file;
	return 0;
}

/* Reads what is there now; a file that grows or shrinks meanwhile is cut, not followed. */
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

int elf_file_read(int fd, struct elf_file **file_r, struct error *error_r)
{
	struct slice bytes = {NULL, 0};
	struct stat st;
	char *owned;
	int err;

	if (fstat(fd, &st) < 0)
		return error_set(error_r, errno, "%s", strerror(errno));
	if (!S_ISREG(st.st_mode) || st.st_size <= 0 || st.st_size > ELF_FILE_MAX)
		return error_set(error_r, ENOEXEC, "it is no regular file of 1 byte to %u MiB",
				 ELF_FILE_MAX >> 20);
	owned = malloc((size_t)st.st_size);
	if (!owned)
		return error_set(error_r, ENOMEM, "out of memory");
	bytes.ptr = owned;
	err = read_all(fd, owned, (size_t)st.st_size, &bytes.len);
	if (err < 0)
		error_set(error_r, -err, "cannot be read: %s", strerror(-err));
	else
		err = elf_file_parse(bytes, file_r, error_r);
	if (err < 0)
		free(owned);
	else
		(*file_r)->owned = owned;
	return err;
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

int elf_file_abi(const struct elf_file *file, char abi_r[ABI_MAX], struct error *error_r)
{
	struct slice text, found = {NULL, 0};
	struct abi abi;
	size_t at = 0;

	while (abi_find(file->rodata, &at, &abi, &text)) {
		if (found.ptr && !slice_equal(found, text))
			return error_set(error_r, EEXIST,
					 "it has two ABI strings, \"%.*s\" and \"%.*s\"",
					 (int)found.len, found.ptr, (int)text.len, text.ptr);
		found = text;
	}
	if (!found.ptr)
		return error_set(error_r, ENOENT,
				 "it has no Dovecot ABI string (like \"2.4.ABIv1\")");
	memcpy(abi_r, found.ptr, found.len);
	abi_r[found.len] = '\0';
	return 0;
}

struct slice elf_file_build_id(const struct elf_file *file)
{
	return file->build_id;
}

const char *elf_file_soname(const struct elf_file *file)
{
	return file->soname ? file->soname : "";
}

const char *elf_file_runpath(const struct elf_file *file)
{
	return file->runpath ? file->runpath : "";
}

/* Symbol name that is defined here (or not); true with its number and itself. */
static bool symbol_find(const struct symbols *symbols, const char *name, bool defined,
			size_t *index_r, Elf64_Sym *symbol_r)
{
	Elf64_Sym symbol;

	for (size_t i = 1; i < symbols->entries.len / sizeof(symbol); i++) {
		entry_get(symbols->entries, i, &symbol, sizeof(symbol));
		if ((symbol.st_shndx != SHN_UNDEF) == defined &&
		    string_is(symbols->names, symbol.st_name, name)) {
			*index_r = i;
			*symbol_r = symbol;
			return true;
		}
	}
	return false;
}

static bool is_call_relocation(uint16_t machine, uint64_t type)
{
	if (machine == EM_X86_64)
		return type == R_X86_64_JUMP_SLOT || type == R_X86_64_GLOB_DAT;
	return type == R_AARCH64_JUMP_SLOT || type == R_AARCH64_GLOB_DAT;
}

static unsigned int count_imports(const struct elf_file *file, size_t symbol)
{
	unsigned int count = 0;
	Elf64_Rela rela;

	for (size_t s = 0; s < file->rela_count; s++) {
		for (size_t i = 0; i < file->rela[s].len / sizeof(rela); i++) {
			entry_get(file->rela[s], i, &rela, sizeof(rela));
			if (ELF64_R_SYM(rela.r_info) == symbol &&
			    is_call_relocation(file->machine, ELF64_R_TYPE(rela.r_info)))
				count++;
		}
	}
	return count;
}

static unsigned int count_calls(const struct elf_file *file, const Elf64_Sym *symbol)
{
	struct elf_code code;
	unsigned int count = 0;

	for (size_t i = 0; i < file->code_count; i++) {
		code.bytes = file->code[i].bytes;
		code.address = file->code[i].header.sh_addr;
		count += elf_code_calls(&code, file->machine == EM_X86_64, symbol->st_value,
					symbol->st_size);
	}
	return count;
}

/* File offset of a code address, by the segments, which are what the kernel maps. */
static bool offset_of(const struct elf_file *file, uint64_t address, uint64_t *offset_r)
{
	GElf_Phdr segment;
	size_t count;
	uint64_t into;

	if (elf_getphdrnum(file->elf, &count) != 0)
		return false;
	for (int i = 0; i < (int)count && i < SEGMENTS_MAX; i++) {
		if (!gelf_getphdr(file->elf, i, &segment) || segment.p_type != PT_LOAD ||
		    !(segment.p_flags & PF_X) || address < segment.p_vaddr)
			continue;
		into = address - segment.p_vaddr;
		if (into >= segment.p_filesz || segment.p_offset >= file->bytes.len ||
		    into >= file->bytes.len - segment.p_offset)
			continue;
		*offset_r = segment.p_offset + into;
		return true;
	}
	return false;
}

int elf_file_function(const struct elf_file *file, const char *name,
		      struct elf_function *function_r, struct error *error_r)
{
	struct elf_function function = {0};
	Elf64_Sym symbol;
	size_t index;
	bool exported;

	exported = symbol_find(&file->dynamic, name, true, &index, &symbol);
	if (!exported && !symbol_find(&file->full, name, true, &index, &symbol))
		return error_set(error_r, ENOENT, "it has no function %s", name);
	if (ELF64_ST_TYPE(symbol.st_info) != STT_FUNC ||
	    !offset_of(file, symbol.st_value, &function.offset))
		return error_set(error_r, ENOENT, "its %s is no code", name);
	if (exported)
		function.imports = count_imports(file, index);
	function.calls = count_calls(file, &symbol);
	if (file->machine == EM_X86_64 && elf_code_is_landing(file->bytes, function.offset)) {
		function.behind_landing = true;
		function.offset += ELF_CODE_LANDING_SIZE;
	}
	*function_r = function;
	return 0;
}

bool elf_file_imports(const struct elf_file *file, const char *name)
{
	Elf64_Sym symbol;
	size_t index;

	return symbol_find(&file->dynamic, name, false, &index, &symbol) &&
	       count_imports(file, index) > 0;
}
