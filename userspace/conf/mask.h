/* SPDX-License-Identifier: MIT */
/* How much of an address may be kept, as a setting: "no", "yes" for /24 and /48, or "/16 /32". */
#ifndef DOVETAP_CONF_MASK_H
#define DOVETAP_CONF_MASK_H

#include <stdint.h>

#include "base/error.h"

struct conf_mask {
	uint8_t v4, v6; /* bits that stay */
};

/* -EINVAL with what would be right. */
int conf_mask_parse(const char *value, struct conf_mask *mask_r, struct error *error_r);

#endif
