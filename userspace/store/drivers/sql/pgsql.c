/* SPDX-License-Identifier: MIT */
/* PostgreSQL: connecting, and the backend's table. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/module.h"
#include "store/drivers/sql/pgsql_call.h"
#include "store/drivers/sql/sql.h"
#include "store/drivers/sql/sql_private.h"

#define CONNECT_TIMEOUT_MS 5000
#define BATCH_MAX	   1024
#define ARRAY_MAX	   (64U << 20)

static int pg_new(struct sql_conn **conn_r, const char *connect, const struct conf_section *block,
		  bool strict, struct error *error_r)
{
	struct pgsql_conn *pg = calloc(1, sizeof(*pg));
	int ret;

	(void)strict; /* the session is the same */
	if (!pg)
		return error_set(error_r, ENOMEM, "out of memory");
	ret = block ? pgsql_hosts_from_block(&pg->hosts, block, error_r)
		    : pgsql_hosts_from_connect(&pg->hosts, connect, error_r);
	if (ret < 0) {
		free(pg);
		return ret;
	}
	for (size_t i = 0; i < SQL_COLUMNS_MAX; i++)
		buf_init(&pg->params[i], ARRAY_MAX);
	pg->conn = (struct sql_conn){&sql_pgsql_backend, pg->hosts.count};
	*conn_r = &pg->conn;
	return 0;
}

static void pg_disconnect(struct sql_conn *conn)
{
	struct pgsql_conn *pg = (struct pgsql_conn *)conn;

	PQfinish(pg->pg);
	pg->pg = NULL;
	for (size_t i = 0; i < pg->map_count; i++)
		pgsql_forget(conn, i);
}

static void pg_free(struct sql_conn *conn)
{
	struct pgsql_conn *pg = (struct pgsql_conn *)conn;

	if (!pg)
		return;
	pg_disconnect(conn);
	for (size_t i = 0; i < SQL_COLUMNS_MAX; i++)
		buf_release(&pg->params[i]);
	pgsql_hosts_release(&pg->hosts);
	free(pg->statements);
	free(pg);
}

static int await_connection(struct pgsql_conn *pg, struct error *error_r)
{
	PostgresPollingStatusType status = PGRES_POLLING_WRITING;

	if (!pg->pg)
		return error_set(error_r, ENOMEM, "out of memory");
	while (PQstatus(pg->pg) != CONNECTION_BAD && status != PGRES_POLLING_OK &&
	       status != PGRES_POLLING_FAILED) {
		if (!pgsql_wait_for(pg, status == PGRES_POLLING_READING ? POLLIN : POLLOUT)) {
			pgsql_set_error(pg, "no connection in time", error_r);
			return -ETIMEDOUT;
		}
		status = PQconnectPoll(pg->pg);
	}
	if (status == PGRES_POLLING_OK)
		return 0;
	pgsql_set_error(pg, PQerrorMessage(pg->pg), error_r);
	return PQconnectionNeedsPassword(pg->pg) || strstr(PQerrorMessage(pg->pg), "authentication")
		       ? -EACCES
		       : -ECONNREFUSED;
}

/* "on" for a standby as well as for default_transaction_read_only. */
static int check_writable(struct pgsql_conn *pg, struct error *error_r)
{
	PGresult *result = NULL;
	bool read_only;

	if (pgsql_finish(pg, PQsendQuery(pg->pg, "SHOW transaction_read_only"), &result, error_r) !=
	    SQL_OK)
		return -ECONNRESET;
	read_only = PQntuples(result) == 1 && strcmp(PQgetvalue(result, 0, 0), "on") == 0;
	PQclear(result);
	if (!read_only)
		return 0;
	pgsql_set_error(pg, "the server is read-only", error_r);
	return -EROFS;
}

/* Notices ("relation exists, skipping") are for nobody. */
static void ignore_notice(void *context, const PGresult *result)
{
	(void)context;
	(void)result;
}

static int pg_connect(struct sql_conn *conn, size_t number, int64_t deadline_ns,
		      struct error *error_r)
{
	static const char *const keywords[] = {"dbname", "client_encoding",
					       "fallback_application_name", NULL};
	struct pgsql_conn *pg = (struct pgsql_conn *)conn;
	const char *values[] = {pg->hosts.list[number].conninfo, "UTF8", "dovetap", NULL};
	int64_t limit = clock_monotonic_ns() + CONNECT_TIMEOUT_MS * NS_PER_MSEC;
	int ret;

	pg->host = number;
	pgsql_begin(pg, limit < deadline_ns ? limit : deadline_ns, PGSQL_ANSWER_MAX);
	pg->pg = PQconnectStartParams(keywords, values, 1);
	ret = await_connection(pg, error_r);
	if (ret == 0) {
		PQsetnonblocking(pg->pg, 1);
		PQsetNoticeReceiver(pg->pg, ignore_notice, NULL);
		ret = check_writable(pg, error_r);
	}
	if (ret < 0)
		pg_disconnect(conn);
	return ret;
}

static enum sql_result pg_execute(struct sql_conn *conn, const char *statement, int64_t deadline_ns,
				  uint64_t *changed_r, struct error *error_r)
{
	struct pgsql_conn *pg = (struct pgsql_conn *)conn;
	PGresult *rows = NULL;
	enum sql_result result;

	pgsql_begin(pg, deadline_ns, PGSQL_ANSWER_MAX);
	result = pgsql_finish(pg, PQsendQuery(pg->pg, statement), &rows, error_r);
	if (result == SQL_OK)
		*changed_r = strtoull(PQcmdTuples(rows), NULL, 10);
	PQclear(rows);
	return result;
}

/* The value as libpq has it, including its defaults and the environment. */
static bool names_a_file(const char *keyword)
{
	static const char *const keywords[] = {"passfile", "sslcert",	"sslkey",     "sslrootcert",
					       "sslcrl",   "sslcrldir", "servicefile"};

	for (size_t i = 0; i < sizeof(keywords) / sizeof(keywords[0]); i++) {
		if (strcmp(keywords[i], keyword) == 0)
			return true;
	}
	return false;
}

static void pg_places(const struct sql_conn *conn, dict_place_cb *cb, void *context)
{
	const struct pgsql_hosts *hosts = &((const struct pgsql_conn *)conn)->hosts;

	for (size_t i = 0; i < hosts->count; i++) {
		PQconninfoOption *options = PQconninfoParse(hosts->list[i].conninfo, NULL);

		for (const PQconninfoOption *o = options; o && o->keyword; o++) {
			if (o->val && names_a_file(o->keyword))
				cb(context, o->val, DICT_PLACE_READ);
		}
		PQconninfoFree(options);
	}
}

const struct sql_backend sql_pgsql_backend = {
	.dialect = SQL_PGSQL,
	.batch_max = BATCH_MAX,
	.new = pg_new,
	.connect = pg_connect,
	.disconnect = pg_disconnect,
	.describe = pgsql_describe,
	.write = pgsql_write,
	.forget = pgsql_forget,
	.execute = pg_execute,
	.select = pgsql_select,
	.places = pg_places,
	.free = pg_free,
};

/* --- the driver ------------------------------------------------------------------------------- */

static int pgsql_open(const struct dict_config *config, struct dict **dict_r, struct error *error_r)
{
	return sql_open(&sql_pgsql_driver, &sql_pgsql_backend, config, dict_r, error_r);
}

const struct dict_driver sql_pgsql_driver = SQL_DRIVER("pgsql", pgsql_open);

MODULE_DEFINE(pgsql, sql_pgsql_driver);
