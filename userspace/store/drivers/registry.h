/* SPDX-License-Identifier: MIT */
/*
 * The drivers: those that are built in (drivers.h) and those that are modules (mk/modules.mk),
 * which are loaded when they are asked for (base/module.h).
 */
#ifndef DOVETAP_REGISTRY_H
#define DOVETAP_REGISTRY_H

#include "store/dict.h"

/*
 * The driver of that name that takes the config. Unknown names: -EINVAL and a text that lists the
 * known ones, be they installed or not. Errors of modules are those of module_load(). Called by the
 * thread that opens dicts.
 */
int registry_find(const struct dict_config *config, struct slice name,
		  const struct dict_driver **driver_r, struct error *error_r);

/* "sqlite:" and "sqlite:path=FILE" are the embedded dict, "sqlite:FILE" is Dovecot's, where FILE
 * is a map. config is one of sqlite. */
bool registry_is_embedded(const struct dict_config *config);

#endif
