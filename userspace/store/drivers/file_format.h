/* SPDX-License-Identifier: MIT */
/*
 * The text of a dict file: two lines for each record, key and value, both tab-escaped
 * (tabescape.h). The key keeps its "shared/". No I/O.
 *
 *	shared/last-login/u@example.com
 *	1795339628
 */
#ifndef DOVETAP_FILE_FORMAT_H
#define DOVETAP_FILE_FORMAT_H

#include "base/buf.h"

/* Called for each record; returns 0 to go on or a negative errno. */
typedef int file_record_cb(struct slice key, struct slice value, void *context);

/* Unescapes text in place; the slices point into it. A last line without a newline counts, a key
 * without a value does not. Returns 0 or cb's errno. */
int file_format_parse(char *text, size_t len, file_record_cb *cb, void *context);

int file_format_append(struct buf *out, struct slice key, struct slice value);

#endif
