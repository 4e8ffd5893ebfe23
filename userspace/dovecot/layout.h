/* SPDX-License-Identifier: MIT */
/*
 * The layouts that the program carries: one small BTF blob per distinct layout, chosen by the ABI
 * string in Dovecot's own files. Made from layouts/dovecot.layouts by the build.
 */
#ifndef DOVETAP_DOVECOT_LAYOUT_H
#define DOVETAP_DOVECOT_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

struct layout {
	const char *abi;  /* "2.3.ABIv19(2.3.19.1)" */
	const char *name; /* of the distinct layout: the first ABI string that has it */
	const void *btf;  /* equal pointers are equal layouts */
	size_t btf_size;
};

/* In the order of the releases. */
extern const struct layout layouts_embedded[];
extern const size_t layouts_embedded_count;

/* NULL for an ABI that the program does not know. The result lives as long as the program. */
const struct layout *layout_find(const char *abi);

/* The same with an error for the user: it names the ABI and what to do about it. */
int layout_require(const char *abi, const struct layout **layout_r, struct error *error_r);

/* Whether it stands in the place of a built-in one, and is not the same. */
bool layout_replaces_another(const struct layout *own);

/*
 * Puts the blob into a memory file and returns its descriptor, which the caller closes once the
 * object is loaded: libbpf reads it then. path_r is what libbpf takes as btf_custom_path.
 */
#define LAYOUT_PATH_MAX 32
int layout_open(const struct layout *layout, char path_r[LAYOUT_PATH_MAX], struct error *error_r);

#endif
