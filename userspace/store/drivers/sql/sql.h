/* SPDX-License-Identifier: MIT */
/*
 * The dict drivers mysql, pgsql and sqlite with a map file (docs/sql.md).
 *
 *	entries -> rows of a map -> statements of up to some hundred rows -> server
 *
 * Outcomes: a row whose value does not fit is found by halving the batch, and only its entry is
 * REFUSED, in the server's words. What an operator can mend (no such table, no such column, no
 * right, a full disk) and what passes (deadlock, read-only server) is RETRY. A connection that
 * turns out to be dead is made anew and the statement sent once more, because that changes
 * nothing; without an answer to that either the rows are UNCERTAIN.
 *
 * When a statement finds a part of its rows already stored as new or newer, the server does not
 * report which: all count as STORED. UNCHANGED is reported when it holds for the whole statement.
 *
 * With several hosts the first that takes writes is used until it fails; replicas are passed over.
 */
#ifndef DOVETAP_SQL_H
#define DOVETAP_SQL_H

#include "store/dict.h"

/* URIs "mysql:/path/map.conf.ext" and so on; blocks "dict x { driver = sql  sql_driver = mysql }".
 * The sqlite driver here is the one with a map file: the embedded "sqlite:" is another. */
extern const struct dict_driver sql_mysql_driver;
extern const struct dict_driver sql_pgsql_driver;
extern const struct dict_driver sql_sqlite_driver;

#endif
