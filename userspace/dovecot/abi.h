/* SPDX-License-Identifier: MIT */
/*
 * Dovecot's plugin ABI string. Dovecot refuses a plugin whose string differs; here it selects the
 * layout of Dovecot's structs. Its forms (build-aux/git-abi-version-gen, and what packagers make):
 *
 *	2.3.ABIv19(2.3.19.1)			2.3
 *	2.4.ABIv1				2.4
 *	2026.ABIv2				the rolling releases, numbered by the year
 *	0.0.ABIv0(0.0.0)			a git checkout: of no release
 *	2.4.ABIv5.1   2.4.ABIv5+ubuntu		a packager's
 *	2.3.ABIv19(2.3.19.1 custom)
 */
#ifndef DOVETAP_DOVECOT_ABI_H
#define DOVETAP_DOVECOT_ABI_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

#define ABI_MAX 80 /* with the NUL */

struct abi {
	uint16_t major, minor, patch; /* 2.4.ABIv5.1 is 2, 4, 5; 2026.ABIv2 is 2026, 0, 2 */
	size_t len;		      /* of the string */
};

/*
 * Reads an ABI string at the beginning of text. True, with *abi_r set, if one stands there and is
 * shorter than ABI_MAX. Numbers have up to four digits.
 */
bool abi_parse(struct slice text, struct abi *abi_r);

/*
 * Finds the next ABI string in section that is a whole NUL-terminated string, at or behind *at.
 * True with *abi_r (its address in *text_r), and *at behind it.
 */
bool abi_find(struct slice section, size_t *at, struct abi *abi_r, struct slice *text_r);

#endif
