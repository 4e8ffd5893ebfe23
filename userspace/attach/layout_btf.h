/* SPDX-License-Identifier: MIT */
/*
 * Turns the layouts of one Dovecot ABI into BTF, against which libbpf relocates the BPF programs'
 * accesses to Dovecot's structs. Used by the build for the layouts that are embedded, and at run
 * time for those of the operator.
 */
#ifndef DOVETAP_LAYOUT_BTF_H
#define DOVETAP_LAYOUT_BTF_H

#include "attach/layout_table.h"

struct btf;

/* The structs without which the programs cannot be loaded. */
extern const char *const layout_required_structs[];
extern const size_t layout_required_count;

/* Makes the BTF of every struct that the table has for the ABI; refuses an ABI for which one of
 * the required structs is missing. The caller frees *btf_r with btf__free(). */
int layout_btf_make(const struct layout_table *table, const char *abi, struct btf **btf_r,
		    struct error *error_r);

#endif
