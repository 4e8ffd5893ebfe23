/* SPDX-License-Identifier: MIT */
/*
 * Key templates of Dovecot 2.3 in the words of 2.4 and back, as far as both languages have words
 * for it: all variables that both know, upper, lower, reverse, plain hashes, first bytes, padding.
 * Anything else is refused by name; a template is never changed in meaning. (A slice from the
 * middle goes from 2.4 to 2.3 only: 2.4 has no value at all for a text that is too short.)
 */
#ifndef DOVETAP_CONF_TRANSLATE_H
#define DOVETAP_CONF_TRANSLATE_H

#include "base/buf.h"
#include "base/error.h"

/* Appends to out; 0 or -EINVAL. A conf_translate_fn; context is not used. */
int translate_template(void *context, const char *text, bool to_v24, struct buf *out,
		       struct error *error_r);

#endif
