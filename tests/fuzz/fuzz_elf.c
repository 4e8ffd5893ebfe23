/* SPDX-License-Identifier: MIT */
/* Any bytes as an ELF file: whatever it claims, every answer stays within it. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "dovecot/probes.h"
#include "search/elf.h"
#include "search/elf_dynamic.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void ask(const struct elf_file *file, size_t size)
{
	struct elf_function function;
	char abi[ABI_MAX];

	if (elf_file_abi(file, abi, NULL) == 0 && probe_release(abi) == 0)
		abort();
	(void)elf_file_build_id(file);
	for (size_t i = 0; i < probe_count; i++) {
		if (elf_file_function(file, probe_table[i].symbol, &function, NULL) == 0 &&
		    function.offset >= size)
			abort();
		(void)elf_file_imports(file, probe_table[i].symbol);
	}
}

/* The same bytes as a file, of which only what the dynamic linker asks for is read. */
static void ask_dynamic(const uint8_t *data, size_t size)
{
	struct elf_dynamic dynamic;
	int fd = memfd_create("elf", MFD_CLOEXEC);

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	if (elf_dynamic_read(fd, "lib", &dynamic) == 0) {
		if (!memchr(dynamic.soname, 0, sizeof(dynamic.soname)) ||
		    !memchr(dynamic.runpath, 0, sizeof(dynamic.runpath)) ||
		    dynamic.needed_count > ELF_DYNAMIC_NEEDED_MAX)
			abort();
		for (size_t i = 0; i < dynamic.needed_count; i++) {
			if (strncmp(dynamic.needed[i], "lib", 3) != 0 ||
			    !memchr(dynamic.needed[i], 0, ELF_DYNAMIC_NAME_MAX))
				abort();
		}
	}
	close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct elf_file *file;

	ask_dynamic(data, size);
	if (elf_file_parse((struct slice){(const char *)data, size}, &file, NULL) < 0)
		return 0;
	ask(file, size);
	elf_file_free(&file);
	return 0;
}
