/* SPDX-License-Identifier: MIT */
/* Somebody else's transaction in the server of a harness, which holds locks in our way. */
#ifndef DOVETAP_SQL_HOLD_H
#define DOVETAP_SQL_HOLD_H

#include "harness.h"

struct hold {
	struct st_mysql *mysql;
	struct pg_conn *pgsql;
};

/* Connects as administrator and begins. */
void hold_start(struct hold *hold, const struct sql_harness *harness);

/* Runs a statement, which may wait for a lock. */
void hold_do(struct hold *hold, const char *statement);

/* The server rolls back what was not committed. */
void hold_end(struct hold *hold);

#endif
