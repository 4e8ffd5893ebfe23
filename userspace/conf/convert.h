/* SPDX-License-Identifier: MIT */
/*
 * The last_login part of a configuration in the other syntax: 2.3 (plugin, dict, map files) as 2.4
 * (last_login, dict_server, dict_map) and back. Blocks are printed least specific first, so that
 * in both versions the same one wins. What one version has no word for is an error with its place;
 * nothing is dropped in silence.
 */
#ifndef DOVETAP_CONF_CONVERT_H
#define DOVETAP_CONF_CONVERT_H

#include "base/buf.h"
#include "base/error.h"
#include "conf/tree.h"

/*
 * Puts a template of the one expansion language into words of the other. Appends to out and
 * returns 0, or -EINVAL with what cannot be said (no place, the caller adds it).
 */
typedef int conf_translate_fn(void *context, const char *text, bool to_v24, struct buf *out,
			      struct error *error_r);

struct convert_options {
	bool to_v24;
	conf_translate_fn *translate;
	void *context;	     /* of translate */
	const char *map_dir; /* where 2.3 map files go; NULL: /etc/dovecot */
};

/*
 * Appends the converted settings of the tree to out. To 2.4, SQL map files that the tree names are
 * read; to 2.3, they follow the settings, each behind a line that names its file. Returns 0 or a
 * negative errno; error_r begins with the place.
 */
int config_convert(struct conf_section *root, const struct convert_options *options,
		   struct buf *out, struct error *error_r);

#endif
