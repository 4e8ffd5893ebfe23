/* SPDX-License-Identifier: MIT */
/*
 * Members of a JSON object (RFC 8259) in a buffer. The caller puts the braces; a member that is not
 * the first behind its brace gets a comma in front. All return 0 or the buffer's error.
 */
#ifndef DOVETAP_JSON_H
#define DOVETAP_JSON_H

#include <stdint.h>

#include "base/buf.h"

int json_name(struct buf *out, const char *name); /* "name": and nothing behind it */
int json_number(struct buf *out, const char *name, int64_t number);
int json_bool(struct buf *out, const char *name, bool value);

/*
 * "name":"text" for text that is valid UTF-8. JSON has no other texts, so any other bytes become
 * "name_hex":"ff61", two digits each: nothing is lost, and no two texts look the same.
 */
int json_text(struct buf *out, const char *name, struct slice text);

/* "name":"2026-11-22T09:05:03.123456Z" */
int json_time(struct buf *out, const char *name, int64_t time_ns);

#endif
