/* SPDX-License-Identifier: MIT */
/*
 * The bytes of single values (native_protocol_v4.spec, section 6), both ways; types.c maps types to
 * these functions.
 */
#ifndef DOVETAP_CQL_CODEC_H
#define DOVETAP_CQL_CODEC_H

#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/slice.h"

/* Appends the text as a [value]; size is that of a number's type in bytes, others ignore it.
 * Returns 0, or -EINVAL with a reason and nothing appended. */
typedef int cql_put_fn(struct buf *out, uint8_t size, struct slice text, struct error *error_r);

cql_put_fn cql_put_text;  /* UTF-8 only */
cql_put_fn cql_put_ascii; /* ASCII only */
cql_put_fn cql_put_raw;
cql_put_fn cql_put_number;
cql_put_fn cql_put_double;
cql_put_fn cql_put_inet; /* an empty text is null */
cql_put_fn cql_put_uuid;
cql_put_fn cql_put_hexblob;

/* Appends a cell as text. Returns 0, -EPROTO for a cell of the wrong length, or the buffer's
 * error. */
typedef int cql_text_fn(struct buf *out, struct slice cell);

cql_text_fn cql_text_raw;
cql_text_fn cql_text_number;
cql_text_fn cql_text_double;
cql_text_fn cql_text_inet;
cql_text_fn cql_text_uuid;
cql_text_fn cql_text_hex;

#endif
