/* SPDX-License-Identifier: MIT */
/*
 * Writes small shared objects, so that a test describes a file by its bytes:
 *
 *	header | segments: the file, executable; .dynamic | .text .rodata .dynsym .dynstr
 *	.rela.plt .note .dynamic .shstrtab | section headers
 *
 * Addresses are file offsets plus MADE_ELF_BIAS.
 */
#ifndef DOVETAP_TEST_MAKE_ELF_H
#define DOVETAP_TEST_MAKE_ELF_H

#include <assert.h>
#include <elf.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define MADE_ELF_BIAS 0x10000
#define MADE_ELF_TEXT (sizeof(Elf64_Ehdr) + 2 * sizeof(Elf64_Phdr)) /* file offset of .text */
#define MADE_ELF_MAX  8192

struct made_symbol {
	const char *name;
	size_t at, size; /* in text */
	bool imported;	 /* undefined here */
	bool slot;	 /* has a JUMP_SLOT relocation */
};

struct made_elf {
	uint16_t machine; /* 0: x86-64 */
	const void *text;
	size_t text_len;
	const void *rodata;
	size_t rodata_len;
	struct made_symbol symbols[4]; /* up to the first without a name */
	const char *build_id;	       /* its bytes as text; NULL: none */
	const char *soname, *runpath;  /* NULL: none */
	const char *needed[4];	       /* up to the first NULL */
};

struct made_file {
	unsigned char bytes[MADE_ELF_MAX];
	size_t len;
	Elf64_Shdr sections[9];
	char names[96];
	size_t names_len, count;
	Elf64_Phdr dynamic;
};

static inline void made_append(struct made_file *file, const void *bytes, size_t len)
{
	assert(file->len + len <= sizeof(file->bytes));
	if (len > 0)
		memcpy(file->bytes + file->len, bytes, len);
	file->len += len;
}

static inline Elf64_Shdr *made_section(struct made_file *file, const char *name, uint32_t type,
				       uint64_t flags, const void *bytes, size_t len)
{
	Elf64_Shdr *section = &file->sections[file->count++];

	*section = (Elf64_Shdr){
		.sh_name = (uint32_t)file->names_len,
		.sh_type = type,
		.sh_flags = flags,
		.sh_addr = file->len + MADE_ELF_BIAS,
		.sh_offset = file->len,
		.sh_size = len,
		.sh_addralign = 1,
	};
	memcpy(file->names + file->names_len, name, strlen(name) + 1);
	file->names_len += strlen(name) + 1;
	made_append(file, bytes, len);
	return section;
}

static inline uint32_t made_string(char *strings, size_t *len, const char *string)
{
	uint32_t at = (uint32_t)*len;

	memcpy(strings + at, string, strlen(string) + 1);
	*len += strlen(string) + 1;
	return at;
}

static inline void made_symbols(struct made_file *file, const struct made_elf *elf)
{
	uint32_t slot = elf->machine == EM_AARCH64 ? R_AARCH64_JUMP_SLOT : R_X86_64_JUMP_SLOT;
	Elf64_Sym symbols[5] = {0};
	Elf64_Shdr *section;
	Elf64_Rela relas[4];
	Elf64_Dyn dynamic[9] = {0};
	char strings[512] = "";
	size_t len = 1, count = 1, slots = 0, entries = 0;

	for (const struct made_symbol *s = elf->symbols; s < elf->symbols + 4 && s->name; s++) {
		symbols[count].st_name = made_string(strings, &len, s->name);
		symbols[count].st_info = ELF64_ST_INFO(STB_GLOBAL, STT_FUNC);
		if (!s->imported) {
			symbols[count].st_shndx = 1;
			symbols[count].st_value = MADE_ELF_TEXT + MADE_ELF_BIAS + s->at;
			symbols[count].st_size = s->size;
		}
		if (s->slot)
			relas[slots++] = (Elf64_Rela){.r_info = ELF64_R_INFO(count, slot)};
		count++;
	}
	if (elf->soname)
		dynamic[entries++] =
			(Elf64_Dyn){DT_SONAME, {made_string(strings, &len, elf->soname)}};
	if (elf->runpath)
		dynamic[entries++] =
			(Elf64_Dyn){DT_RUNPATH, {made_string(strings, &len, elf->runpath)}};
	for (const char *const *name = elf->needed; name < elf->needed + 4 && *name; name++)
		dynamic[entries++] = (Elf64_Dyn){DT_NEEDED, {made_string(strings, &len, *name)}};
	made_section(file, ".dynsym", SHT_DYNSYM, SHF_ALLOC, symbols, count * sizeof(symbols[0]))
		->sh_link = 4;
	dynamic[entries++] = (Elf64_Dyn){DT_STRSZ, {len}};
	dynamic[entries].d_tag = DT_STRTAB;
	dynamic[entries++].d_un.d_ptr =
		made_section(file, ".dynstr", SHT_STRTAB, SHF_ALLOC, strings, len)->sh_addr;
	made_section(file, ".rela.plt", SHT_RELA, SHF_ALLOC, relas, slots * sizeof(relas[0]))
		->sh_link = 3;
	section = made_section(file, ".dynamic", SHT_DYNAMIC, SHF_ALLOC, dynamic,
			       (entries + 1) * sizeof(dynamic[0]));
	section->sh_link = 4;
	file->dynamic = (Elf64_Phdr){
		.p_type = PT_DYNAMIC,
		.p_flags = PF_R,
		.p_offset = section->sh_offset,
		.p_vaddr = section->sh_addr,
		.p_filesz = section->sh_size,
	};
}

static inline void made_note(struct made_file *file, const char *build_id)
{
	struct {
		Elf64_Nhdr head;
		char name[4];
		char id[32];
	} note = {{4, (uint32_t)strlen(build_id), NT_GNU_BUILD_ID}, "GNU", ""};

	memcpy(note.id, build_id, strlen(build_id));
	made_section(file, ".note.gnu.build-id", SHT_NOTE, SHF_ALLOC, &note,
		     16 + ((strlen(build_id) + 3) & ~3UL));
}

static inline void make_elf(const struct made_elf *elf, struct made_file *file_r)
{
	Elf64_Ehdr header = {
		.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB,
			    EV_CURRENT},
		.e_type = ET_DYN,
		.e_machine = elf->machine ? elf->machine : EM_X86_64,
		.e_version = EV_CURRENT,
		.e_phoff = sizeof(header),
		.e_ehsize = sizeof(header),
		.e_phentsize = sizeof(Elf64_Phdr),
		.e_phnum = 2,
		.e_shentsize = sizeof(Elf64_Shdr),
	};
	Elf64_Phdr segment = {.p_type = PT_LOAD, .p_flags = PF_R | PF_X, .p_vaddr = MADE_ELF_BIAS};
	struct made_file *file = file_r;

	*file = (struct made_file){.count = 1, .names_len = 1};
	made_append(file, &header, sizeof(header));
	made_append(file, &segment, sizeof(segment));
	made_append(file, &file->dynamic, sizeof(file->dynamic));
	made_section(file, ".text", SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, elf->text,
		     elf->text_len);
	made_section(file, ".rodata", SHT_PROGBITS, SHF_ALLOC, elf->rodata, elf->rodata_len);
	made_symbols(file, elf);
	if (elf->build_id)
		made_note(file, elf->build_id);
	made_section(file, ".shstrtab", SHT_STRTAB, 0, NULL, 0);
	file->sections[file->count - 1].sh_size = file->names_len;
	made_append(file, file->names, file->names_len);
	header.e_shoff = file->len;
	header.e_shnum = (uint16_t)file->count;
	header.e_shstrndx = (uint16_t)(file->count - 1);
	made_append(file, file->sections, file->count * sizeof(file->sections[0]));
	segment.p_filesz = segment.p_memsz = file->len;
	memcpy(file->bytes, &header, sizeof(header));
	memcpy(file->bytes + sizeof(header), &segment, sizeof(segment));
	memcpy(file->bytes + sizeof(header) + sizeof(segment), &file->dynamic,
	       sizeof(file->dynamic));
}

#endif
