/* SPDX-License-Identifier: MIT */
/*
 * The SELECTs by which records are found and listed. Values are bound, never in the text.
 *
 *	SELECT "last_access","service","userid" FROM "last_login" WHERE "userid"=$1
 *	SELECT ... FROM "last_login" WHERE "last_access" IS NOT NULL AND "userid" LIKE $1 ESCAPE '!'
 *		AND ("userid") NOT IN (SELECT "userid" FROM "last_login" WHERE "userid" IS NOT NULL
 *		AND "service" NOT IN ($2,$3) AND (... "last_access" is that time or newer))
 */
#ifndef DOVETAP_SQL_SELECT_H
#define DOVETAP_SQL_SELECT_H

#include "store/drivers/sql/columns.h"
#include "store/drivers/sql/table.h"

#define SQL_PARAMS_MAX 64

/* A statement with its parameters, which are not copied. */
struct sql_select {
	struct buf text;
	struct slice params[SQL_PARAMS_MAX];
	size_t param_count;
};

void sql_select_init(struct sql_select *select);
void sql_select_release(struct sql_select *select);

/* Appends "WHERE" and what makes a row one of the user's. */
void sql_select_where_user(struct sql_select *select, enum sql_dialect dialect,
			   const struct sql_map *map, const struct sql_columns *columns);

/*
 * The same, but where MySQL's collation has accents, blanks at the end and the like for nothing:
 * only rows whose name differs at most in capitals. To remove by; who asks whether somebody has
 * logged in wants all.
 */
void sql_select_where_user_alone(struct sql_select *select, enum sql_dialect dialect,
				 const struct sql_map *map, const struct sql_columns *columns);

/* All columns of the map, in their order, of the rows of a user: columns is of a key of theirs.
 * Returns 0 or -ENOMEM. */
int sql_select_of_user(struct sql_select *select, enum sql_dialect dialect,
		       const struct sql_map *map, const struct sql_columns *columns);

/* The same of all rows with a time. */
int sql_select_all(struct sql_select *select, enum sql_dialect dialect, const struct sql_map *map);

/* One of those rows, if there is any whose time is not what stands for "never" ("0", "never"). */
int sql_select_any(struct sql_select *select, enum sql_dialect dialect, const struct sql_map *map);

/* Only users like that; like is of dict_mask_like(). */
int sql_select_like(struct sql_select *select, enum sql_dialect dialect, const struct sql_map *map,
		    const struct sql_columns *columns, struct slice like);

/* Where a record of a user can be that counts, when it is new enough. */
struct sql_judge {
	const struct sql_map *map;
	const struct sql_columns *columns;
	const char *const *unjudged; /* services that do not count, where there is a column */
};

/* Not those who have such a record that is not older; its time must be a number. */
int sql_select_inactive(struct sql_select *select, enum sql_dialect dialect,
			const struct sql_map *map, const struct sql_columns *columns,
			const struct sql_judge *judge, int64_t older_than_ns);

#endif
