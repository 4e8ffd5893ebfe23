/* SPDX-License-Identifier: MIT */
/*
 * The one place where SQL is written. Values are never in it: they are bound.
 *
 * By default a statement moves the time, and with it every column that is not part of the row's
 * key, only forward: a newer time always wins; the same time wins when it brings something new (two
 * logins within a second, at precision "s"); a NULL time loses. The order of writes, repeats and
 * the number of writers do not matter.
 *
 *	mysql	INSERT INTO `last_login` (`last_access`,`service`,`userid`,`last_ip`)
 *		VALUES (?,?,?,?),(?,?,?,?) ON DUPLICATE KEY UPDATE
 *		`last_ip`=IF(IF(CONVERT(`last_access` USING utf8mb4) REGEXP '^[0-9]{10,19}$',
 *			RPAD(`last_access`,19,'0'),'')>RPAD(VALUES(`last_access`),19,'0'),
 *			`last_ip`,VALUES(`last_ip`)),
 *		`last_access`=IF(...,`last_access`,VALUES(`last_access`))
 *	pgsql	INSERT INTO "last_login" AS kept (...) SELECT * FROM unnest($1::bigint[],...)
 *		ON CONFLICT ("service","userid") DO UPDATE SET ... WHERE ...
 *	sqlite	INSERT INTO "last_login" AS kept (...) VALUES (?1,?2,?3,?4)
 *		ON CONFLICT ("service","userid") DO UPDATE SET ... WHERE ...
 *
 * Times are compared as texts of nanoseconds, at any precision; what
 * is no time, such as "never", is older than any. MySQL assigns from left to right
 * and later assignments see the earlier ones, so the time, on which all conditions depend, comes
 * last. The other two refuse to change a row twice in a statement.
 *
 * The strict forms are what Dovecot sends, see docs/sql.md.
 */
#ifndef DOVETAP_SQL_STATEMENT_H
#define DOVETAP_SQL_STATEMENT_H

#include "store/drivers/sql/table.h"

enum sql_form {
	SQL_FORM_NEWEST,
	SQL_FORM_UPSERT, /* strict: a second write changes the value column alone */
	SQL_FORM_INSERT, /* strict, sqlite and pgsql of Dovecot up to 2.3.15: it fails */
	SQL_FORM_ADD,	 /* of a history: a row whose key is there stays as it is */
};

/* Does a statement of that form take any number of rows? The others take one. */
bool sql_form_is_for_many(enum sql_form form);

/* The form that Dovecot of that version uses; NULL for the newest. */
enum sql_form sql_form_of_dovecot(enum sql_dialect dialect, const char *version);

/*
 * Appends the INSERT with placeholders. NEWEST and ADD need the plan; rows counts for mysql only
 * (pgsql takes arrays, one per column; sqlite takes one row). The strict forms take one row, whose
 * value is bound once more as the last parameter for mysql.
 */
int sql_statement_insert(struct buf *out, enum sql_dialect dialect, enum sql_form form,
			 const struct sql_map *map, const struct sql_plan *plan, size_t rows);

/* Appends a strict statement as Dovecot writes it, with the values in the text: for comparison and
 * for reading, never to be sent. */
int sql_statement_text(struct buf *out, enum sql_dialect dialect, enum sql_form form,
		       const struct sql_map *map, const struct sql_value values[]);

/* Appends a SELECT of all columns of the map, in their order, by one of them. */
int sql_statement_select(struct buf *out, enum sql_dialect dialect, const struct sql_map *map,
			 size_t by);

#endif
