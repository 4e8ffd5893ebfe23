/* SPDX-License-Identifier: MIT */
/*
 * Removing old rows of a map's table, a bounded number at a time.
 *
 *	mysql	DELETE FROM `last_login` WHERE ... LIMIT 1000
 *	pgsql	DELETE FROM "last_login" WHERE ctid IN (SELECT ctid FROM "last_login" WHERE ...
 *		LIMIT 1000) AND ...
 *	sqlite	DELETE FROM "last_login" WHERE ("service","userid") IN (SELECT "service","userid"
 *		FROM "last_login" WHERE ... LIMIT 1000)
 *
 * A row is removed when each of its times (the value columns of all maps of this table) is old or
 * NULL, and at least one is old. The number of digits of a value gives its precision, which
 * therefore need not be known; a number that is no time is never old.
 *
 * A table with columns that are in no map holds more than last logins, perhaps the users
 * themselves: nothing is ever removed from one.
 */
#ifndef DOVETAP_SQL_EXPIRE_H
#define DOVETAP_SQL_EXPIRE_H

#include "store/drivers/sql/table.h"

struct sql_expiry {
	const char *table;
	const char *times[SQL_COLUMNS_MAX]; /* value columns, by the names of the map file */
	size_t time_count;
	const char *keys[SQL_KEY_COLUMNS_MAX]; /* of a unique key, as the catalogue has them */
	size_t key_count;
};

/* 0 when all columns of the table are in maps of it; else -EINVAL with the first that is not. */
int sql_expiry_check_table(const struct sql_map_set *set, const struct sql_map *map,
			   enum sql_dialect dialect, const struct sql_table *table,
			   struct error *error_r);

/* The result points into set and table. -EINVAL with the reason when rows of this table must not,
 * or cannot, be removed. */
int sql_expiry_make(const struct sql_map_set *set, size_t map_index, enum sql_dialect dialect,
		    const struct sql_table *table, struct sql_expiry *expiry_r,
		    struct error *error_r);

/* Appends the DELETE. 0 or the buffer's error. */
int sql_expiry_statement(struct buf *out, enum sql_dialect dialect, const struct sql_expiry *expiry,
			 int64_t older_than_ns, size_t limit);

/* Appends a SELECT of the map's columns, in their order, of the rows that the DELETE would
 * remove. */
int sql_expiry_select(struct buf *out, enum sql_dialect dialect, const struct sql_expiry *expiry,
		      const struct sql_map *map, int64_t older_than_ns);

#endif
