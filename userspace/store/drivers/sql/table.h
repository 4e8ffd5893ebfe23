/* SPDX-License-Identifier: MIT */
/*
 * A table's columns and keys from the server's catalogue, and what follows from them for a map.
 *
 * "Newest wins" needs to know which columns identify a row and which belong to the login: the first
 * are those of the table's primary key (or of a unique key), the others move forward together with
 * the time. Map files do not contain it, so the catalogue is read when a connection is made.
 */
#ifndef DOVETAP_SQL_TABLE_H
#define DOVETAP_SQL_TABLE_H

#include "base/error.h"
#include "store/drivers/sql/dialect.h"
#include "store/drivers/sql/map.h"

/* What can be written into a column, as far as it matters here. */
enum sql_storage {
	SQL_STORAGE_ANY, /* SQLite: every column takes everything */
	SQL_STORAGE_TEXT,
	SQL_STORAGE_BYTES,
	SQL_STORAGE_NUMBER, /* fractions or 64 bits and more */
	SQL_STORAGE_SMALL,  /* an integer of less than 64 bits: no milliseconds */
	SQL_STORAGE_OTHER,  /* the server converts from text if it can: inet, uuid, timestamp... */
};

#define SQL_NAME_SIZE	      130
#define SQL_TABLE_COLUMNS_MAX 128
#define SQL_KEY_COLUMNS_MAX   16

struct sql_table_column {
	char name[SQL_NAME_SIZE];
	char type[SQL_NAME_SIZE]; /* the server's word, without a length */
	enum sql_storage storage;
	bool nullable;
	bool filled; /* by the server, when an INSERT leaves it out */
};

struct sql_table_key {
	char name[SQL_NAME_SIZE];
	char columns[SQL_KEY_COLUMNS_MAX][SQL_NAME_SIZE];
	size_t column_count;
	bool unusable; /* over an expression, a prefix, or part of the rows */
};

struct sql_table {
	struct sql_table_column columns[SQL_TABLE_COLUMNS_MAX];
	size_t column_count;
	struct sql_table_key keys[16]; /* unique ones, the primary first */
	size_t key_count;
};

/* The catalogue's answer, row by row. Columns and keys beyond the limits are left out. */
void sql_table_add_column(struct sql_table *table, enum sql_dialect dialect, struct slice name,
			  struct slice type, bool nullable, bool filled);
void sql_table_add_key_column(struct sql_table *table, struct slice key, struct slice column,
			      bool unusable);

/* For each column of the map. */
struct sql_plan {
	struct {
		char type[SQL_NAME_SIZE];
		enum sql_storage storage;
		bool nullable;
		bool in_key;
	} columns[SQL_COLUMNS_MAX];
};

/*
 * Errors: -ENOENT when the table or a column is not there, -EINVAL when no unique key lies within
 * the map's columns, when a type cannot take the value, or when another column must be given. The
 * text names the map and what would be right.
 */
int sql_plan_make(const struct sql_map *map, enum sql_dialect dialect,
		  const struct sql_table *table, struct sql_plan *plan_r, struct error *error_r);

/* What becomes of a value that the login does not have: the empty text where the column can hold
 * it, else NULL, else false. */
bool sql_plan_fill_empty(const struct sql_plan *plan, size_t column, struct sql_value *value);

#endif
