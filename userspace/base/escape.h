/* SPDX-License-Identifier: MIT */
/* Makes bytes from outside harmless for a terminal, a log line or a JSON document. */
#ifndef DOVETAP_ESCAPE_H
#define DOVETAP_ESCAPE_H

#include "base/buf.h"

/*
 * Appends text with C0, DEL, C1, characters that turn the direction of writing or have no width,
 * and invalid UTF-8 as \xNN, and backslash as \\; other UTF-8 passes. Returns 0 or the buffer's
 * error.
 */
int escape_terminal(struct buf *out, struct slice text);

/* The same in double quotes, with those inside as \": where it begins and ends is seen with any
 * text. */
int escape_quoted(struct buf *out, struct slice text);

/*
 * Appends text as the inside of a JSON string (RFC 8259), without the quotes. A byte that is not
 * valid UTF-8 becomes the code point of the same number (\u00NN). Returns 0 or the buffer's error.
 */
int escape_json(struct buf *out, struct slice text);

#endif
