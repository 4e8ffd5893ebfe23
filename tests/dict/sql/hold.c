/* SPDX-License-Identifier: MIT */
#include "hold.h"

#include <libpq-fe.h>
#include <mysql.h>
#include <stdio.h>

#include "store/drivers/sql/sql.h"

void hold_start(struct hold *hold, const struct sql_harness *harness)
{
	char where[160];

	*hold = (struct hold){0};
	if (harness->driver == &sql_mysql_driver) {
		snprintf(where, sizeof(where), "%s/socket", harness->dir);
		hold->mysql = mysql_init(NULL);
		assert_non_null(
			mysql_real_connect(hold->mysql, NULL, "root", "", "mails", 0, where, 0));
	} else {
		snprintf(where, sizeof(where), "host=%s dbname=mails user=root password=root",
			 harness->dir);
		hold->pgsql = PQconnectdb(where);
		/* Of two that wait for each other, the other one is to give way. */
		hold_do(hold, "SET deadlock_timeout = '1h'");
	}
	hold_do(hold, "BEGIN");
}

void hold_do(struct hold *hold, const char *statement)
{
	PGresult *result;

	if (hold->mysql) {
		if (mysql_query(hold->mysql, statement) != 0)
			fail_msg("%s: %s", statement, mysql_error(hold->mysql));
		return;
	}
	result = PQexec(hold->pgsql, statement);
	if (PQresultStatus(result) != PGRES_COMMAND_OK)
		fail_msg("%s: %s", statement, PQerrorMessage(hold->pgsql));
	PQclear(result);
}

void hold_end(struct hold *hold)
{
	if (hold->mysql)
		mysql_close(hold->mysql);
	PQfinish(hold->pgsql);
}
