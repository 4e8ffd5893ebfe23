/* SPDX-License-Identifier: MIT */
/*
 * One value of one column: checked against the type that the map gives it, ready to be bound.
 * The types and their ranges are Dovecot's (dict_sql_type).
 */
#ifndef DOVETAP_STORE_DRIVERS_SQL_SQL_VALUE_H
#define DOVETAP_STORE_DRIVERS_SQL_SQL_VALUE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

enum sql_type {
	SQL_TYPE_STRING,  /* any bytes */
	SQL_TYPE_INT,	  /* 64 bits, signed */
	SQL_TYPE_UINT,	  /* no sign, up to 2^63-1 */
	SQL_TYPE_DOUBLE,  /* 2.4 only */
	SQL_TYPE_HEXBLOB, /* an even number of hex digits */
	SQL_TYPE_UUID,	  /* 2.4 only */
	SQL_TYPE_COUNT
};

#define SQL_UUID_SIZE 37 /* 8-4-4-4-12 and the NUL */

struct sql_value {
	enum sql_type type;
	bool null;
	struct slice text; /* as it came; belongs to the caller of sql_value_parse() */
	int64_t number;	   /* INT, UINT */
	double real;	   /* DOUBLE */
	char uuid[SQL_UUID_SIZE];
};

/* The spelling in map files; NULL behind the last. */
const char *sql_type_name(enum sql_type type);

/* Dovecot's phrase for a value that does not fit: "isn't 64bit unsigned integer". */
const char *sql_type_complaint(enum sql_type type);

/* Returns false, and sets nothing, when the text is not of the type. */
bool sql_value_parse(enum sql_type type, struct slice text, struct sql_value *value_r);

/* The value as text: canonical for numbers and UUIDs, hex digits for blobs. buf is for a number
 * and must outlive the result. */
#define SQL_NUMBER_SIZE 32
struct slice sql_value_text(const struct sql_value *value, char buf[SQL_NUMBER_SIZE]);

/* Orders values as bytes; equal only when all bytes are, and NULL only equals NULL. */
int sql_value_compare(const struct sql_value *a, const struct sql_value *b);

/* Decodes hex digits that sql_value_parse() accepted into out (text.len / 2 bytes). */
void sql_value_unhex(struct slice hex, unsigned char *out);

#endif
