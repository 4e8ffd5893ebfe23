/* SPDX-License-Identifier: MIT */
/*
 * The statement that takes the logins of one user out of a map's table. Values are bound.
 *
 *	DELETE FROM "last_login" WHERE "userid"=$1
 *
 * A table with columns that are in no map holds more than last logins, perhaps the users
 * themselves: its rows stay, and only what the map writes is emptied.
 *
 *	UPDATE "users" SET "last_login"=NULL,"last_ip"='' WHERE "userid"=$1 AND "last_login" IS NOT
 *		NULL
 */
#ifndef DOVETAP_SQL_REMOVAL_H
#define DOVETAP_SQL_REMOVAL_H

#include "store/drivers/sql/select.h"

/* How the columns of a map are emptied. */
struct sql_removal {
	const struct sql_map *map;
	const struct sql_columns *columns;  /* of a key of the user's, with one of theirs */
	bool rows;			    /* rows are deleted, else emptied */
	const char *empty[SQL_COLUMNS_MAX]; /* of each column: its new value, or NULL: it stays */
};

/* -EINVAL with the reason when a column cannot be emptied. The result points into the others. */
int sql_removal_make(const struct sql_map_set *set, const struct sql_map *map,
		     const struct sql_columns *columns, enum sql_dialect dialect,
		     const struct sql_table *table, struct sql_removal *removal_r,
		     struct error *error_r);

/* Both append to an empty select: a row for each row that it concerns, and the statement itself. 0
 * or the buffer's error. */
int sql_removal_count(struct sql_select *select, enum sql_dialect dialect,
		      const struct sql_removal *removal);
int sql_removal_statement(struct sql_select *select, enum sql_dialect dialect,
			  const struct sql_removal *removal);

#endif
