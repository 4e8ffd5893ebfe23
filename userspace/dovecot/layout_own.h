/* SPDX-License-Identifier: MIT */
/*
 * Layouts of the operator's own, for Dovecot builds that the program does not carry: as BTF, from
 * whoever has read them (layout_files.h). They are found before the embedded ones.
 */
#ifndef DOVETAP_DOVECOT_LAYOUT_OWN_H
#define DOVETAP_DOVECOT_LAYOUT_OWN_H

#include "base/slice.h"
#include "dovecot/layout.h"

#define LAYOUTS_OWN_MAX 64

/*
 * Adds one; all is copied. file is where it came from. To be called before anything looks for a
 * layout. -E2BIG when there are LAYOUTS_OWN_MAX, -ENOMEM.
 */
int layouts_own_add(const char *abi, const char *file, struct slice btf, struct error *error_r);
void layouts_own_unload(void);

/* The ABI's layout among them, or NULL; name is the file that it came from. */
const struct layout *layouts_own_find(const char *abi);

/* In the order in which they were added; NULL behind the last one. */
const struct layout *layouts_own_get(size_t index);
size_t layouts_own_count(void);

#endif
