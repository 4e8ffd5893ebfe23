/* SPDX-License-Identifier: MIT */
/* Any bytes as a layout table; what the parser accepts must make BTF for every ABI that has all. */
#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "dovecot/layout_btf.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	libbpf_set_print(NULL);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice text = {(const char *)data, size};
	struct layout_table table;
	struct error error;
	struct btf *btf;

	if (layout_table_parse(text, "fuzz", &table, &error) < 0)
		return 0;
	for (size_t i = 0; i < table.count; i++) {
		for (size_t j = 0; j < table.structs[i].abi_count; j++) {
			if (layout_btf_make(&table, table.structs[i].abis[j], &btf, &error) == 0)
				btf__free(btf);
		}
	}
	layout_table_release(&table);
	return 0;
}
