/* SPDX-License-Identifier: MIT */
/* The tree of a map file, from whoever may read it. */
#ifndef DOVETAP_SQL_MAP_SOURCE_H
#define DOVETAP_SQL_MAP_SOURCE_H

#include "conf/tree.h"
#include "store/dict.h"

/*
 * The tree that came with the config, or else the file itself, which is then owned by the caller
 * (*owned_r, to be freed with conf_free(); NULL otherwise). Errors: those of conf_parse_file().
 */
int sql_map_source_open(const struct dict_config *config, const char *path,
			const struct conf_section **root_r, struct conf_section **owned_r,
			struct error *error_r);

#endif
