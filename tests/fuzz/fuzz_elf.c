/* SPDX-License-Identifier: MIT */
/* Any bytes as an ELF file: whatever it claims, every answer stays within it. */
#include "attach/elf.h"
#include "attach/probes.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void ask(const struct elf_file *file, size_t size)
{
	struct elf_function function;
	char abi[ABI_MAX];

	if (elf_file_abi(file, abi, NULL) == 0 && probe_release(abi) == 0)
		abort();
	(void)elf_file_build_id(file);
	if (!elf_file_soname(file) || !elf_file_runpath(file))
		abort();
	for (size_t i = 0; i < probe_count; i++) {
		if (elf_file_function(file, probe_table[i].symbol, &function, NULL) == 0 &&
		    function.offset >= size)
			abort();
		(void)elf_file_imports(file, probe_table[i].symbol);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct elf_file *file;

	if (elf_file_parse((struct slice){(const char *)data, size}, &file, NULL) < 0)
		return 0;
	ask(file, size);
	elf_file_free(&file);
	return 0;
}
