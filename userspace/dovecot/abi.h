/* SPDX-License-Identifier: MIT */
/*
 * Dovecot's plugin ABI string: "2.3.ABIv19(2.3.19.1)", from 2.4 on "2.4.ABIv1". Dovecot refuses a
 * plugin whose string differs; here it selects the layout of Dovecot's structs.
 */
#ifndef DOVETAP_DOVECOT_ABI_H
#define DOVETAP_DOVECOT_ABI_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

#define ABI_MAX 48 /* with the NUL */

struct abi {
	uint16_t major, minor, patch;
	size_t len; /* of the string */
};

/* Reads an ABI string at the beginning of text. True, with *abi_r set, if one stands there. */
bool abi_parse(struct slice text, struct abi *abi_r);

/*
 * Finds the next ABI string in section that is a whole NUL-terminated string, at or behind *at.
 * True with *abi_r (its address in *text_r), and *at behind it.
 */
bool abi_find(struct slice section, size_t *at, struct abi *abi_r, struct slice *text_r);

#endif
