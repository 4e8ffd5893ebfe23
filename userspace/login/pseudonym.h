/* SPDX-License-Identifier: MIT */
/*
 * A name in place of a user name: HMAC-SHA256 (RFC 2104) of its bytes under a secret key, as 64
 * hexadecimal digits. The same user gets the same name as long as the key is the same, and without
 * the key the user cannot be found, not even by trying names. One thread.
 */
#ifndef DOVETAP_PSEUDONYM_H
#define DOVETAP_PSEUDONYM_H

#include "base/error.h"
#include "base/slice.h"

#define PSEUDONYM_TEXT_MAX 65
#define PSEUDONYM_KEY_MIN  16
#define PSEUDONYM_KEY_MAX  4096

struct pseudonym;

/* key is copied. -EINVAL for a key that is too short or too long, -ENOMEM. */
int pseudonym_new(struct slice key, struct pseudonym **pseudonym_r, struct error *error_r);
void pseudonym_free(struct pseudonym **pseudonym); /* wipes the key; takes NULL, sets NULL */

/* The length of the text, or 0 when OpenSSL failed (out of memory). */
size_t pseudonym_of(struct pseudonym *pseudonym, struct slice user, char text[PSEUDONYM_TEXT_MAX]);

#endif
