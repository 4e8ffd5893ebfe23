/* SPDX-License-Identifier: MIT */
/*
 * The entries of one write() as rows for tables.
 *
 * Within a batch only the newest login of a row is sent: the others would change nothing, cost a
 * round trip, and two servers out of three refuse to touch a row twice in a statement. Rows are
 * sent in the order of their keys, so that two nodes writing the same users rarely deadlock.
 */
#ifndef DOVETAP_SQL_ROWS_H
#define DOVETAP_SQL_ROWS_H

#include "store/dict.h"
#include "store/drivers/sql/table.h"

struct sql_row {
	struct dict_entry *entry;
	struct sql_value *values; /* one per column of the map */
	const struct sql_map *map;
	struct sql_row *newer; /* the row that is sent instead; NULL when it is this one */
};

struct sql_rows {
	struct sql_row *rows;
	struct sql_value *values;
	struct sql_row **sent; /* those of the map that was taken last */
	const struct sql_value **sent_values;
	size_t row_count;
	size_t sent_count;
	size_t room; /* rows that are allocated */
};

void sql_rows_init(struct sql_rows *rows);
void sql_rows_release(struct sql_rows *rows);

/* Room for so many rows of so many columns, always as many columns. Returns 0 or -ENOMEM; what was
 * there is gone. */
int sql_rows_make_room(struct sql_rows *rows, size_t count, size_t columns);

/* Makes a row of every entry, always with the same maps; an entry without a map or with a value of
 * another type is REFUSED in Dovecot's words and gets none. Rows point into the entries. Returns 0
 * or -ENOMEM. */
int sql_rows_fill(struct sql_rows *rows, const struct sql_map_set *maps, bool strict,
		  struct dict_entry *entries, size_t count);

/* Selects the rows of a map into sent. With a plan: empty values become what the column can hold
 * (or the entry is REFUSED), rows are sorted, and older ones are set aside. */
void sql_rows_take(struct sql_rows *rows, const struct sql_map *map, const struct sql_plan *plan);

/* Selects into sent, in their order, the rows from *first on that have the same map, and moves
 * *first behind them: what comes first may stay in a store. *first is less than row_count. */
const struct sql_map *sql_rows_take_next(struct sql_rows *rows, size_t *first);

/* Gives the rows of the map that were set aside the outcome that follows from the newer one's. */
void sql_rows_apply_outcomes(struct sql_rows *rows, const struct sql_map *map);

/* Sets outcome and reason of an entry. */
void sql_entry_set(struct dict_entry *entry, enum dict_outcome outcome, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#endif
