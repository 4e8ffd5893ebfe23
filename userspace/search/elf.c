/* SPDX-License-Identifier: MIT */
#include "search/elf.h"

#include <errno.h>
#include <string.h>

#include "search/elf_code.h"
#include "search/elf_file.h"

#define SEGMENTS_MAX 64

static bool string_is(struct slice table, uint64_t offset, const char *name)
{
	size_t size = strlen(name) + 1;

	return offset < table.len && table.len - offset >= size &&
	       memcmp(table.ptr + offset, name, size) == 0;
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

/* Symbol name that is defined here (or not); true with its number and itself. */
static bool symbol_find(const struct elf_symbols *symbols, const char *name, bool defined,
			size_t *index_r, Elf64_Sym *symbol_r)
{
	Elf64_Sym symbol;

	for (size_t i = 1; i < symbols->entries.len / sizeof(symbol); i++) {
		elf_entry_get(symbols->entries, i, &symbol, sizeof(symbol));
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
			elf_entry_get(file->rela[s], i, &rela, sizeof(rela));
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
	size_t rest;
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
	rest = file->bytes.len - function.offset;
	memcpy(function.code, file->bytes.ptr + function.offset,
	       rest < sizeof(function.code) ? rest : sizeof(function.code));
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
