/* SPDX-License-Identifier: MIT */
#include "base/clock.h"
#include "scenarios.h"
#include "store/drivers/sql/sql.h"

bool is_sqlite(const struct sql_harness *harness)
{
	return harness->driver == &sql_sqlite_driver;
}

bool is_mysql(const struct sql_harness *harness)
{
	return harness->driver == &sql_mysql_driver;
}

/* The plugin's document, word for word. */
const char documented_schema[] = "CREATE TABLE last_login (\n"
				 "  userid VARCHAR(255) NOT NULL,\n"
				 "  service VARCHAR(10) NOT NULL,\n"
				 "  last_access BIGINT NOT NULL,\n"
				 "  last_ip VARCHAR(40) NOT NULL,\n"
				 "  PRIMARY KEY (userid, service)\n"
				 ");\n";

const char documented_map[] = "map {\n"
			      "  pattern = shared/last-login/$service/$user/$remote_ip\n"
			      "  table = last_login\n"
			      "  value_field = last_access\n"
			      "  value_type = uint\n"
			      "\n"
			      "  fields {\n"
			      "    userid = $user\n"
			      "    service = $service\n"
			      "    last_ip = $remote_ip\n"
			      "  }\n"
			      "}\n";

/* The document's third example is for Cassandra; the types are those of SQL. */
const char users_schema[] = "CREATE TABLE users (\n"
			    "  userid VARCHAR(255) NOT NULL,\n"
			    "  last_imap_access BIGINT,\n"
			    "  last_pop3_access BIGINT,\n"
			    "  last_lmtp_access BIGINT,\n"
			    "  last_imap_ip VARCHAR(40),\n"
			    "  last_pop3_ip VARCHAR(40),\n"
			    "  last_lmtp_ip VARCHAR(40),\n"
			    "  PRIMARY KEY (userid)\n"
			    ");\n";

#define USERS_MAP(service)                                                                         \
	"map {\n"                                                                                  \
	"  pattern = shared/last-login/" service "/$user/$remote_ip\n"                             \
	"  table = users\n"                                                                        \
	"  value_field = last_" service "_access\n"                                                \
	"  value_type = uint\n"                                                                    \
	"\n"                                                                                       \
	"  fields {\n"                                                                             \
	"    userid = $user\n"                                                                     \
	"    last_" service "_ip = $remote_ip\n"                                                   \
	"  }\n"                                                                                    \
	"}\n"

const char users_map[] = USERS_MAP("imap") USERS_MAP("pop3") USERS_MAP("lmtp");

int drop_tables(void **state)
{
	struct sql_harness *harness = *state;

	sql_harness_close(harness);
	if (!is_sqlite(harness)) /* a scenario that failed may have left it paused */
		sql_harness_do(harness, "resume");
	sql_harness_ask(harness, "DROP TABLE IF EXISTS last_login; DROP TABLE IF EXISTS users;");
	return 0;
}

void open_documented(struct sql_harness *harness)
{
	sql_harness_ask(harness, "%s", documented_schema);
	sql_harness_open(harness, documented_map, NULL, NULL);
}

const char *all_rows(const struct sql_harness *harness)
{
	return sql_harness_ask(harness,
			       "SELECT userid, service, last_access, last_ip FROM last_login "
			       "ORDER BY userid, service;");
}

int ping(struct sql_harness *harness, struct error *error_r)
{
	return harness->driver->ping(harness->dict, clock_monotonic_ns() + 30 * NS_PER_SEC,
				     error_r);
}
