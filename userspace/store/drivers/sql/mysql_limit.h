/* SPDX-License-Identifier: MIT */
/*
 * How long one call may take and how much the server may send in it. libmariadb comes back to us
 * only when nothing has arrived: a server that never falls silent would keep it for ever, or until
 * it has no memory. So we look at each of its reads, and shut the connection down when it is
 * enough.
 */
#ifndef DOVETAP_SQL_MYSQL_LIMIT_H
#define DOVETAP_SQL_MYSQL_LIMIT_H

#include <mysql.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mysql_limit {
	int64_t deadline_ns;
	size_t bytes_left;
	char *no_version; /* while connecting, see mysql_limit_guard() */
};

/* From now on, for the calls of this thread, until the next one. */
void mysql_limit_set(struct mysql_limit *limit, int64_t deadline_ns, size_t bytes);

/* Before it goes: closing another connection of this thread transfers something, too. */
void mysql_limit_unset(const struct mysql_limit *limit);

bool mysql_limit_is_late(const struct mysql_limit *limit);
bool mysql_limit_is_exceeded(const struct mysql_limit *limit); /* in bytes */

/* Before mysql_real_connect(): a server whose first words are a progress report makes libmariadb
 * look into the server's version, of which it has no text yet. This gives it an empty one. */
void mysql_limit_guard(struct mysql_limit *limit, MYSQL *mysql);
void mysql_limit_connected(struct mysql_limit *limit); /* or not: the library has taken the text */

#endif
