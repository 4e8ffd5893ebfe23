/* SPDX-License-Identifier: MIT */
/* UTF-8 as Dovecot's scanner and its "text" function see it. */
#ifndef DOVETAP_LOGIN_TEMPLATE_DOVECOT_UTF8_H
#define DOVETAP_LOGIN_TEMPLATE_DOVECOT_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* Bytes of the character at text, which ends with a NUL and is not empty; 0 when the text ends
 * inside of it, -1 when it is none. */
int utf8_char_len(const char *text);

bool utf8_is_valid(const char *text, size_t len);

#endif
