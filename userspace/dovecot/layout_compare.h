/* SPDX-License-Identifier: MIT */
/* Where two layouts of one Dovecot differ: one that was made of its headers or debug symbols, and
 * the one that its files are read with. */
#ifndef DOVETAP_DOVECOT_LAYOUT_COMPARE_H
#define DOVETAP_DOVECOT_LAYOUT_COMPARE_H

#include <stddef.h>

#include "base/buf.h"
#include "dovecot/layout_table.h"

/*
 * Appends a line for each member of the structs of made that is elsewhere, or of another type, in
 * known, or is missing in one of them. Returns how many there are. Both have abi.
 */
size_t layout_compare(const struct layout_table *made, const struct layout_table *known,
		      const char *abi, struct buf *out);

#endif
