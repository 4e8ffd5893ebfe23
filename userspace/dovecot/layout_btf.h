/* SPDX-License-Identifier: MIT */
/*
 * Turns the layouts of one Dovecot ABI into BTF, against which libbpf relocates the BPF programs'
 * accesses to Dovecot's structs. Used by the build for the layouts that are embedded, and at run
 * time for those of the operator.
 */
#ifndef DOVETAP_DOVECOT_LAYOUT_BTF_H
#define DOVETAP_DOVECOT_LAYOUT_BTF_H

#include "dovecot/layout_table.h"

struct btf;

/*
 * Makes the BTF of the structs that the programs read, as the table has them for the ABI. Refuses
 * an ABI without ip_addr, mail_user or auth_request; client may be missing, then the proxy program
 * must not be loaded. The caller frees *btf_r with btf__free().
 */
int layout_btf_make(const struct layout_table *table, const char *abi, struct btf **btf_r,
		    struct error *error_r);

#endif
