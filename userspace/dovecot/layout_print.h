/* SPDX-License-Identifier: MIT */
/* A table of layouts as text: what "dovetap layout make" and "show" print. */
#ifndef DOVETAP_DOVECOT_LAYOUT_PRINT_H
#define DOVETAP_DOVECOT_LAYOUT_PRINT_H

#include "base/buf.h"
#include "dovecot/layout_table.h"

/* Appends the table in the form that layout_table_parse() reads. Check out->failed. */
void layout_table_print(struct buf *out, const struct layout_table *table);

#endif
