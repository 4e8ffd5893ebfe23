/* SPDX-License-Identifier: MIT */
/* Dovecot's way to put any bytes into one field of a line: NUL, 1, tab, CR and LF become the byte
 * 1 and a letter. Used in the files of dict file and in the dict protocol. */
#ifndef DOVETAP_TABESCAPE_H
#define DOVETAP_TABESCAPE_H

#include "base/buf.h"

int tabescape(struct buf *out, struct slice text);

/* In place; returns the new length. The byte 1 before an unknown letter or at the end vanishes,
 * as in Dovecot. */
size_t tabunescape(char *text, size_t len);

#endif
