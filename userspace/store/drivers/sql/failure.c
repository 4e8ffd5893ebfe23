/* SPDX-License-Identifier: MIT */
#include "store/drivers/sql/failure.h"

#include <string.h>

/* Special ones in front of their class. */
static const struct {
	const char *prefix;
	enum sql_result result;
} states[] = {
	{"25006", SQL_MOVE},   /* read only */
	{"57014", SQL_AGAIN},  /* statement cancelled */
	{"57P", SQL_LOST},     /* the server shuts down, or an administrator closes connections */
	{"42S02", SQL_SCHEMA}, /* no such table */
	{"0A", SQL_SCHEMA},    /* "cached plan must not change result type" */
	{"08", SQL_LOST},      /* connection */
	{"21", SQL_ROW},       /* a row twice in a statement, where the server finds names equal */
	{"22", SQL_ROW},       /* data: too long, out of range, not UTF-8 */
	{"23", SQL_ROW},       /* constraint */
	{"26", SQL_SCHEMA},    /* the prepared statement is gone (a pooler in between) */
	{"28", SQL_SCHEMA},    /* not allowed to connect */
	{"3D", SQL_SCHEMA},    /* no such database */
	{"3F", SQL_SCHEMA},    /* no such schema */
	{"40", SQL_AGAIN},     /* deadlock, serialization */
	{"42", SQL_SCHEMA},    /* no such table or column, no right, syntax */
	{"44", SQL_ROW},       /* check option of a view */
	{"53", SQL_AGAIN},     /* disk or memory full */
	{"55", SQL_AGAIN},     /* locked */
};

enum sql_result sql_failure_of_state(const char *sqlstate)
{
	for (size_t i = 0; sqlstate && i < sizeof(states) / sizeof(*states); i++)
		if (strncmp(sqlstate, states[i].prefix, strlen(states[i].prefix)) == 0)
			return states[i].result;
	return SQL_AGAIN;
}
