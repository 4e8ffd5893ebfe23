/* SPDX-License-Identifier: MIT */
/*
 * A configuration as bytes: all trees as they are after everything was read, with the place of
 * every word, the map files and the contents of the files that values name. So the process that
 * gets them reads no file, and its errors name file and line as those of the one that did.
 */
#ifndef DOVETAP_CONF_CONFIG_PACK_H
#define DOVETAP_CONF_CONFIG_PACK_H

#include "base/pack.h"
#include "conf/config.h"

/* Appends it. A failure stays in the buffer. */
void config_pack(const struct config *config, struct buf *out);

/*
 * Makes it of the next bytes; nothing of config_r points into them. -EINVAL: they are broken, or
 * their contents are invalid (as config_load()); -ENOMEM.
 */
int config_unpack(struct unpack *in, struct config *config_r, struct error *error_r);

#endif
