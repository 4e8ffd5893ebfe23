/* SPDX-License-Identifier: MIT */
/*
 * Where "dovetap layout make" gets types from: all of these end as BTF.
 *
 *	directory	Dovecot's installed headers (dovecot-dev): compiled with gcc -gbtf
 *	file with BTF	read as it is
 *	file with DWARF	debug symbols (*.debug): converted by pahole(1)
 */
#ifndef DOVETAP_LAYOUT_SOURCE_H
#define DOVETAP_LAYOUT_SOURCE_H

#include "base/error.h"
#include "dovecot/abi.h"

struct btf;

struct layout_source_options {
	const char *cc;	    /* the compiler, by name or path */
	const char *pahole; /* the same */
};

/* Called with each BTF that a source gives; abi is "" unless the source names it. btf is freed
 * afterwards. A negative return ends the reading and is passed on. */
typedef int layout_source_fn(const struct btf *btf, const char *abi, void *context,
			     struct error *error_r);

/* Errors name the path; a compiler's messages go to stderr. */
int layout_source_read(const char *path, const struct layout_source_options *options,
		       layout_source_fn *fn, void *context, struct error *error_r);

#endif
