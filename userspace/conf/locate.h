/* SPDX-License-Identifier: MIT */
/* Gives the settings of a tree the places that they have in another tree of the same file. */
#ifndef DOVETAP_CONF_LOCATE_H
#define DOVETAP_CONF_LOCATE_H

#include "conf/tree.h"

/* Words that original does not have keep their place. Returns 0 or -ENOMEM. */
int conf_locate(struct conf_section *root, const struct conf_section *original);

#endif
