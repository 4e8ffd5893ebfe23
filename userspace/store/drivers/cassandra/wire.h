/* SPDX-License-Identifier: MIT */
/*
 * The notations of section 3 of the CQL native protocol: big-endian numbers, strings and bytes
 * with their length in front. Pure: bytes in, values out, nothing is copied or allocated by the
 * reader.
 *
 * A read behind the end gives 0 or an empty slice and marks the reader as failed; a series of
 * reads needs one check at its end.
 */
#ifndef DOVETAP_CQL_WIRE_H
#define DOVETAP_CQL_WIRE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/slice.h"

struct cql_reader {
	const uint8_t *next;
	size_t left;
	bool failed;
};

/* [bytes] and [value]: null is not the same as empty. */
struct cql_bytes {
	struct slice data;
	bool null;
};

void cql_reader_init(struct cql_reader *reader, struct slice bytes);

uint8_t cql_read_byte(struct cql_reader *reader);
uint16_t cql_read_short(struct cql_reader *reader);
int32_t cql_read_int(struct cql_reader *reader);
int64_t cql_read_long(struct cql_reader *reader);
struct slice cql_read_raw(struct cql_reader *reader, size_t len);
struct slice cql_read_string(struct cql_reader *reader); /* [string] and [short bytes] */
struct cql_bytes cql_read_bytes(struct cql_reader *reader);
void cql_skip_string_list(struct cql_reader *reader);

/* All append to out; out->failed is set if one did not fit. */
void cql_put_byte(struct buf *out, uint8_t value);
void cql_put_short(struct buf *out, uint16_t value);
void cql_put_int(struct buf *out, int32_t value);
void cql_put_long(struct buf *out, int64_t value);
void cql_put_string(struct buf *out, struct slice text); /* [string] and [short bytes] */
void cql_put_bytes(struct buf *out, struct slice data);	 /* [bytes] and [long string] */
void cql_put_null(struct buf *out);

#endif
