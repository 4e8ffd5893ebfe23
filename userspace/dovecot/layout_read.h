/* SPDX-License-Identifier: MIT */
/*
 * Finds in a compiler's BTF of Dovecot's structs where the members stand that the BPF programs
 * read: how "dovetap layout" makes a layout. Which members those are is taken from the BTF of the
 * programs themselves (loader_open_programs() in attach/attach.h).
 */
#ifndef DOVETAP_DOVECOT_LAYOUT_READ_H
#define DOVETAP_DOVECOT_LAYOUT_READ_H

#include "dovecot/layout_table.h"

struct btf;

/*
 * Adds to table, for the ABI, those of the structs ip_addr, mail_user, auth_request and client that
 * btf describes and the table does not have yet. A member that the struct lacks is left out: the
 * programs do without. Returns how many structs were added; -EINVAL when a member is of another
 * kind than the programs read, which the error names.
 */
int layout_read_btf(const struct btf *programs, const struct btf *btf, const char *abi,
		    struct layout_table *table, struct error *error_r);

/* -ENOENT, naming struct and member, when something is missing without which no login can be
 * recorded: then Dovecot has changed too much for this version of dovetap. */
int layout_read_check(const struct layout_table *table, const char *abi, struct error *error_r);

#endif
