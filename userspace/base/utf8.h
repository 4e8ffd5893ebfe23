/* SPDX-License-Identifier: MIT */
/* UTF-8 as RFC 3629 has it: no overlong forms, no surrogates, nothing beyond U+10FFFF. */
#ifndef DOVETAP_BASE_UTF8_H
#define DOVETAP_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

/* Length in bytes (1 to 4) of the sequence that begins at p, of which len bytes (at least 1) may
 * be read; 0 if it is invalid or cut. */
size_t utf8_sequence(const uint8_t *p, size_t len);

/* True for text that is UTF-8 from beginning to end; an empty one is. */
bool text_is_utf8(struct slice text);

#endif
