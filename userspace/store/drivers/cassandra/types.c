/* SPDX-License-Identifier: MIT */
#include "store/drivers/cassandra/types.h"

#include <errno.h>

#include "store/drivers/cassandra/codec.h"

#define FIELD(field) (1U << (field))
#define STRING	     FIELD(SQL_TYPE_STRING)
#define NUMBER	     (FIELD(SQL_TYPE_INT) | FIELD(SQL_TYPE_UINT))
#define HEX	     FIELD(SQL_TYPE_HEXBLOB)
#define UUID	     (FIELD(SQL_TYPE_UUID) | STRING)

static const struct type {
	const char *name;
	cql_put_fn *put;
	cql_text_fn *text;   /* NULL: shown as hex */
	unsigned int fields; /* what a map may bind to it; 0: nothing */
	uint8_t size;	     /* of a number */
} types[] = {
	[CQL_TYPE_CUSTOM] = {.name = "custom"},
	[CQL_TYPE_ASCII] = {"ascii", cql_put_ascii, cql_text_raw, STRING, 0},
	[CQL_TYPE_BIGINT] = {"bigint", cql_put_number, cql_text_number, NUMBER, 8},
	[CQL_TYPE_BLOB] = {"blob", cql_put_raw, NULL, STRING | HEX, 0},
	[CQL_TYPE_BOOLEAN] = {.name = "boolean"},
	[CQL_TYPE_COUNTER] = {.name = "counter"},
	[CQL_TYPE_DECIMAL] = {.name = "decimal"},
	[CQL_TYPE_DOUBLE] = {"double", cql_put_double, cql_text_double, FIELD(SQL_TYPE_DOUBLE), 0},
	[CQL_TYPE_FLOAT] = {.name = "float"},
	[CQL_TYPE_INT] = {"int", cql_put_number, cql_text_number, NUMBER, 4},
	[CQL_TYPE_TIMESTAMP] = {"timestamp", cql_put_number, cql_text_number, NUMBER, 8},
	[CQL_TYPE_UUID] = {"uuid", cql_put_uuid, cql_text_uuid, UUID, 0},
	[CQL_TYPE_VARCHAR] = {"text", cql_put_text, cql_text_raw, STRING, 0},
	[CQL_TYPE_VARINT] = {.name = "varint"},
	[CQL_TYPE_TIMEUUID] = {"timeuuid", cql_put_uuid, cql_text_uuid, UUID, 0},
	[CQL_TYPE_INET] = {"inet", cql_put_inet, cql_text_inet, STRING, 0},
	[CQL_TYPE_DATE] = {.name = "date"},
	[CQL_TYPE_TIME] = {.name = "time"},
	[CQL_TYPE_SMALLINT] = {"smallint", cql_put_number, cql_text_number, NUMBER, 2},
	[CQL_TYPE_TINYINT] = {"tinyint", cql_put_number, cql_text_number, NUMBER, 1},
	[CQL_TYPE_DURATION] = {.name = "duration"},
	[CQL_TYPE_LIST] = {.name = "list"},
	[CQL_TYPE_MAP] = {.name = "map"},
	[CQL_TYPE_SET] = {.name = "set"},
	[CQL_TYPE_UDT] = {.name = "user-defined type"},
	[CQL_TYPE_TUPLE] = {.name = "tuple"},
};

static const struct type *type_find(uint16_t type)
{
	static const struct type unknown = {.name = "unknown"};

	if (type >= sizeof(types) / sizeof(types[0]) || !types[type].name)
		return &unknown;
	return &types[type];
}

const char *cql_type_name(uint16_t type)
{
	return type_find(type)->name;
}

bool cql_type_takes(uint16_t type, enum sql_type field)
{
	return (type_find(type)->fields & FIELD(field)) != 0;
}

int cql_value_put(struct buf *out, uint16_t type, enum sql_type field, struct slice text,
		  struct error *error_r)
{
	const struct type *found = type_find(type);

	if (!(found->fields & FIELD(field)))
		return error_set(error_r, EINVAL, "a %s column takes no %s", found->name,
				 sql_type_name(field));
	if (field == SQL_TYPE_HEXBLOB)
		return cql_put_hexblob(out, 0, text, error_r);
	if (field == SQL_TYPE_UINT && text.len > 0 && text.ptr[0] == '-')
		return error_set(error_r, EINVAL, "not a 64-bit unsigned number");
	return found->put(out, found->size, text, error_r);
}

int cql_value_text(struct buf *out, uint16_t type, struct slice cell)
{
	cql_text_fn *text = type_find(type)->text;

	return text ? text(out, cell) : cql_text_hex(out, cell);
}
