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
	SQL_STORAGE_SMALL,  /* a number of less than 64 bits: seconds at most */
	SQL_STORAGE_OTHER,  /* the server converts from text if it can: inet, uuid, timestamp... */
};

#define SQL_NAME_SIZE	      130
#define SQL_TABLE_COLUMNS_MAX 128
#define SQL_KEY_COLUMNS_MAX   16

struct sql_table_column {
	char name[SQL_NAME_SIZE];
	char type[SQL_NAME_SIZE]; /* the server's word, without a length */
	enum sql_storage storage;
	int64_t max;   /* of SMALL: the largest number that it holds */
	size_t length; /* characters that it holds; 0: no limit */
	bool nullable;
	bool filled; /* by the server, when an INSERT leaves it out */
};

/* A row of the catalogue; the texts are copied. */
struct sql_column_row {
	struct slice name, type;
	bool nullable, filled;
	size_t length;
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
	bool view; /* it only looks like a table */
};

/* A length as the catalogue has it; 0 when it is NULL. */
size_t sql_length(struct slice text);

/* The catalogue's answer, row by row. Columns and keys beyond the limits are left out. */
void sql_table_add_column(struct sql_table *table, enum sql_dialect dialect,
			  const struct sql_column_row *row);
void sql_table_add_key_column(struct sql_table *table, struct slice key, struct slice column,
			      bool unusable);

/* What will be written through a map, as far as it is known before. */
struct sql_need {
	int64_t value;	  /* the largest; 0: not known */
	char service[32]; /* the longest; "": none is */
};

/* For each column of the map. */
struct sql_plan {
	struct {
		char type[SQL_NAME_SIZE];
		enum sql_storage storage;
		int64_t max; /* of SMALL */
		bool nullable;
		bool in_key;
	} columns[SQL_COLUMNS_MAX];
};

/*
 * need may be NULL. Errors: -ENOENT when the table is not there, -EINVAL when a column is not, when
 * no unique key lies within the map's columns, when a type cannot take the value, or when another
 * column must be given. The text names the map and what would be right.
 */
int sql_plan_make(const struct sql_map *map, enum sql_dialect dialect,
		  const struct sql_table *table, const struct sql_need *need,
		  struct sql_plan *plan_r, struct error *error_r);

/* Does the text of a column fit? What would be refused row by row is worth an error before. */
int sql_need_check(const struct sql_map *map, enum sql_dialect dialect,
		   const struct sql_table *table, const struct sql_need *need,
		   struct error *error_r);

/* What becomes of a value that the login does not have: the empty text where the column can hold
 * it, else NULL, else false. */
bool sql_plan_fill_empty(const struct sql_plan *plan, size_t column, struct sql_value *value);

#endif
