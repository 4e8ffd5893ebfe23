/* SPDX-License-Identifier: MIT */
/*
 * Where the three SQL servers differ in the smallest things: names of tables and columns.
 *
 * A name comes from the operator's map file and cannot be bound as a parameter, so it must prove to
 * be a name: words of letters, digits, "_", "$", "-" and bytes above 127, joined by dots, each bare
 * or in the server's quotes. Everything else (blanks, parentheses, "?", ";") is refused when the
 * map is loaded.
 */
#ifndef DOVETAP_SQL_DIALECT_H
#define DOVETAP_SQL_DIALECT_H

#include <stdbool.h>

#include "base/buf.h"

enum sql_dialect { SQL_MYSQL, SQL_PGSQL, SQL_SQLITE, SQL_DIALECT_COUNT };

/* The driver's name, as in a URI. */
const char *sql_dialect_name(enum sql_dialect dialect);

/* Is it a name as described above? Words: how many a name may have (1 for a column). */
bool sql_name_valid(const char *name, unsigned int words);

/* Appends the name in the server's quotes: `mails`.`last_login`, "mails"."last_login". A bare word
 * is folded to lower case for PostgreSQL, as that server does itself. */
int sql_name_quote(struct buf *out, enum sql_dialect dialect, const char *name);

/* Appends the last (last = true) or the first of two words without quotes, as the server's
 * catalogue has it; nothing when there is no first. */
int sql_name_word(struct buf *out, enum sql_dialect dialect, const char *name, bool last);

/* Does the name in the map stand for that column of the catalogue? */
bool sql_name_is(enum sql_dialect dialect, const char *name, const char *column);

#endif
