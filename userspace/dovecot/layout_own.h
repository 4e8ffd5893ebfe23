/* SPDX-License-Identifier: MIT */
/*
 * Layouts of the operator's own, for Dovecot builds that the program does not carry: tables in the
 * form of layouts/dovecot.layouts, as "dovetap layout make" prints them.
 */
#ifndef DOVETAP_DOVECOT_LAYOUT_OWN_H
#define DOVETAP_DOVECOT_LAYOUT_OWN_H

#include "dovecot/layout.h"

/*
 * Reads all files *.layouts of dir in the order of their names; a dir that is not there has none.
 * To be called once, before anything looks for a layout: they are found before the embedded ones.
 * Returns how many ABI strings were added, or a negative errno with file and line.
 */
int layouts_own_load(const char *dir, struct error *error_r);
void layouts_own_unload(void);

/* The ABI's layout among them, or NULL; name is the file that it came from. */
const struct layout *layouts_own_find(const char *abi);

/* In the order in which they were read; NULL behind the last one. */
const struct layout *layouts_own_get(size_t index);

#endif
