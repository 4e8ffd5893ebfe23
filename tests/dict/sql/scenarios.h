/* SPDX-License-Identifier: MIT */
/*
 * The scenarios of conformance.c, a file for each subject, and the tables they use. A scenario's
 * state is its struct sql_harness; its tables are dropped before and after.
 */
#ifndef DOVETAP_TESTS_SQL_SCENARIOS_H
#define DOVETAP_TESTS_SQL_SCENARIOS_H

#include "harness.h"

enum sql_where { ON_MYSQL = 1, ON_PGSQL = 2, ON_SQLITE = 4, ON_SERVERS = 3, ON_ALL = 7 };

struct sql_scenario {
	const char *name; /* NULL behind the last */
	CMUnitTestFunction run;
	enum sql_where where;
};

#define SCENARIO(name, where)                                                                      \
	{                                                                                          \
#name, name, where                                                                 \
	}

extern const struct sql_scenario sql_newest[], sql_values[], sql_schema[], sql_reading[],
	sql_removing[], sql_trouble[], sql_strict[];

bool is_sqlite(const struct sql_harness *harness);
bool is_mysql(const struct sql_harness *harness);

extern const char documented_schema[]; /* the plugin's document, word for word */
extern const char documented_map[];
extern const char users_schema[]; /* the document's third example */
extern const char users_map[];

int drop_tables(void **state);
void open_documented(struct sql_harness *harness);
const char *all_rows(const struct sql_harness *harness); /* of last_login */
int ping(struct sql_harness *harness, struct error *error_r);

#endif
