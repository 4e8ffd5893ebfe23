/* SPDX-License-Identifier: MIT */
/*
 * Column types and the bytes of their values (native_protocol_v4.spec, sections 4.2.5.2 and 6).
 *
 * A map defines what kind of text a field takes (string, uint...), the prepared statement which
 * type the column has. cql_type_takes() checks at start-up whether the two fit; cql_value_put()
 * then turns one text into the column's bytes.
 */
#ifndef DOVETAP_CQL_TYPES_H
#define DOVETAP_CQL_TYPES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/slice.h"
#include "store/drivers/sql/sql_value.h"

enum cql_type {
	CQL_TYPE_CUSTOM = 0x00,
	CQL_TYPE_ASCII = 0x01,
	CQL_TYPE_BIGINT = 0x02,
	CQL_TYPE_BLOB = 0x03,
	CQL_TYPE_BOOLEAN = 0x04,
	CQL_TYPE_COUNTER = 0x05,
	CQL_TYPE_DECIMAL = 0x06,
	CQL_TYPE_DOUBLE = 0x07,
	CQL_TYPE_FLOAT = 0x08,
	CQL_TYPE_INT = 0x09,
	CQL_TYPE_TIMESTAMP = 0x0b,
	CQL_TYPE_UUID = 0x0c,
	CQL_TYPE_VARCHAR = 0x0d,
	CQL_TYPE_VARINT = 0x0e,
	CQL_TYPE_TIMEUUID = 0x0f,
	CQL_TYPE_INET = 0x10,
	CQL_TYPE_DATE = 0x11,
	CQL_TYPE_TIME = 0x12,
	CQL_TYPE_SMALLINT = 0x13,
	CQL_TYPE_TINYINT = 0x14,
	CQL_TYPE_DURATION = 0x15,
	CQL_TYPE_LIST = 0x20,
	CQL_TYPE_MAP = 0x21,
	CQL_TYPE_SET = 0x22,
	CQL_TYPE_UDT = 0x30,
	CQL_TYPE_TUPLE = 0x31,
};

const char *cql_type_name(uint16_t type); /* "text", "bigint"...; "unknown" for others */

/* Can a column of that type hold the field? */
bool cql_type_takes(uint16_t type, enum sql_type field);

/*
 * Appends the text as a [value] of the column's type. An empty text for an inet column is null:
 * a login without an address. Returns 0, or -EINVAL with a reason that does not name the column.
 */
int cql_value_put(struct buf *out, uint16_t type, enum sql_type field, struct slice text,
		  struct error *error_r);

/* Appends a cell as text, the way cql_value_put() takes it. Returns 0 or -EPROTO. */
int cql_value_text(struct buf *out, uint16_t type, struct slice cell);

#endif
