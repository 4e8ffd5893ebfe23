/* SPDX-License-Identifier: MIT */
/* MySQL and MariaDB: connecting, and the backend's table. */
#include <errmsg.h>
#include <errno.h>
#include <mysqld_error.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/module.h"
#include "store/drivers/sql/mysql_call.h"
#include "store/drivers/sql/sql.h"
#include "store/drivers/sql/sql_private.h"

#define BATCH_MAX 1000 /* the writer's */

static int my_new(struct sql_conn **conn_r, const char *connect, const struct conf_section *block,
		  bool strict, struct error *error_r)
{
	struct mysql_conn *my = calloc(1, sizeof(*my));
	int ret;

	if (!my)
		return error_set(error_r, ENOMEM, "out of memory");
	ret = block ? mysql_hosts_from_block(&my->hosts, block, error_r)
		    : mysql_hosts_from_connect(&my->hosts, connect, error_r);
	if (ret < 0) {
		free(my);
		return ret;
	}
	my->strict = strict;
	my->conn = (struct sql_conn){&sql_mysql_backend, my->hosts.count};
	*conn_r = &my->conn;
	return 0;
}

/* A statement that is closed after its connection makes no round trip, so nothing can block. */
static void my_disconnect(struct sql_conn *conn)
{
	struct mysql_conn *my = (struct mysql_conn *)conn;

	if (!my->mysql)
		return;
	if (mysql_get_socket(my->mysql) != MARIADB_INVALID_SOCKET)
		shutdown(mysql_get_socket(my->mysql), SHUT_RDWR);
	mysql_close(my->mysql);
	my->mysql = NULL;
	for (size_t map = 0; map < my->map_count; map++) {
		for (size_t i = 0; i < MYSQL_ROW_COUNTS; i++)
			if (my->statements[map].by_rows[i])
				mysql_stmt_close(my->statements[map].by_rows[i]);
		my->statements[map] = (struct mysql_statements){0};
	}
}

static void my_free(struct sql_conn *conn)
{
	struct mysql_conn *my = (struct mysql_conn *)conn;

	if (!my)
		return;
	my_disconnect(conn);
	mysql_limit_unset(&my->limit);
	mysql_hosts_release(&my->hosts);
	free(my->statements);
	free(my->binds);
	free(my);
}

/* A user name that is too long must be refused, not cut to another user's. */
#define STRICT_SQL_MODE "SET SESSION sql_mode=CONCAT(@@sql_mode,',STRICT_ALL_TABLES')"

/*
 * A server may ask for a file of the client's in answer to any statement. An option file could
 * allow it (local-infile), and is read after all options that are set here; so the file is refused
 * where it would be opened.
 */
static int refuse_file(void **file_r, const char *name, void *context)
{
	(void)name;
	(void)context;
	*file_r = NULL;
	return 1;
}

static int read_nothing(void *file, char *bytes, unsigned int size)
{
	(void)file;
	(void)bytes;
	(void)size;
	return -1;
}

static void end_file(void *file)
{
	(void)file;
}

static int explain_refusal(void *file, char *text, unsigned int size)
{
	(void)file;
	(void)snprintf(text, size, "the server asked for a file of this machine");
	return CR_UNKNOWN_ERROR;
}

static void give_no_files(MYSQL *mysql)
{
	unsigned int off = 0;

	mysql_options(mysql, MYSQL_OPT_LOCAL_INFILE, &off);
	mysql_set_local_infile_handler(mysql, refuse_file, read_nothing, end_file, explain_refusal,
				       NULL);
}

static void set_options(struct mysql_conn *my, const struct mysql_host *host)
{
	unsigned int connect_secs = (host->connect_timeout + 999) / 1000;
	my_bool verify = host->ssl_verify_server_cert ? 1 : 0;

	mysql_options(my->mysql, MYSQL_OPT_NONBLOCK, 0);
	mysql_options(my->mysql, MYSQL_SET_CHARSET_NAME, "utf8mb4");
	mysql_options(my->mysql, MYSQL_OPT_CONNECT_TIMEOUT, &connect_secs);
	give_no_files(my->mysql);
	if (!my->strict)
		mysql_options(my->mysql, MYSQL_INIT_COMMAND, STRICT_SQL_MODE);
	if (host->option_file)
		mysql_options(my->mysql, MYSQL_READ_DEFAULT_FILE, host->option_file);
	mysql_options(my->mysql, MYSQL_READ_DEFAULT_GROUP, host->option_group);
	if (host->ssl || host->ssl_ca || host->ssl_ca_path) {
		mysql_ssl_set(my->mysql, host->ssl_key, host->ssl_cert, host->ssl_ca,
			      host->ssl_ca_path, host->ssl_cipher);
		mysql_options(my->mysql, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &verify);
	}
}

static enum sql_result query(struct mysql_conn *my, const char *text, size_t len,
			     MYSQL_RES **result_r, struct error *error_r)
{
	MYSQL_RES *rows = NULL;
	int failed = 0;

	AWAIT(my, mysql_real_query, failed, my->mysql, text, len);
	if (failed)
		return mysql_fail(my, error_r);
	AWAIT(my, mysql_store_result, rows, my->mysql);
	if (!rows)
		return mysql_fail(my, error_r);
	*result_r = rows;
	return SQL_OK;
}

/* A server that does not know the variable (a proxy in front of many) is taken as writable. */
static int check_writable(struct mysql_conn *my, struct error *error_r)
{
	static const char text[] = "SELECT @@global.read_only";
	MYSQL_RES *rows = NULL;
	enum sql_result result = query(my, text, sizeof(text) - 1, &rows, error_r);
	MYSQL_ROW row = result == SQL_OK ? mysql_fetch_row(rows) : NULL;
	bool read_only = row && row[0] && strcmp(row[0], "0") != 0;

	mysql_free_result(rows);
	if (result == SQL_LOST)
		return -ECONNRESET;
	if (read_only)
		return error_set(error_r, EROFS, "mysql(%s): the server is read-only",
				 mysql_host_name(mysql_host_of(my)));
	return 0;
}

static int my_connect(struct sql_conn *conn, size_t number, int64_t deadline_ns,
		      struct error *error_r)
{
	struct mysql_conn *my = (struct mysql_conn *)conn;
	const struct mysql_host *host = &my->hosts.list[number];
	bool is_socket = host->host && host->host[0] == '/';
	MYSQL *connected = NULL;
	int ret;

	my->host = number;
	my->mysql = mysql_init(NULL);
	if (!my->mysql)
		return error_set(error_r, ENOMEM, "out of memory");
	set_options(my, host);
	mysql_begin_connecting(my, deadline_ns);
	mysql_limit_guard(&my->limit, my->mysql);
	AWAIT(my, mysql_real_connect, connected, my->mysql, is_socket ? NULL : host->host,
	      host->user, host->password, host->dbname, host->port, is_socket ? host->host : NULL,
	      host->client_flags);
	mysql_limit_connected(&my->limit);
	if (!connected) {
		mysql_fail(my, error_r);
		ret = mysql_errno(my->mysql) == ER_ACCESS_DENIED_ERROR ? -EACCES : -ECONNREFUSED;
	} else {
		ret = check_writable(my, error_r);
	}
	if (ret < 0)
		my_disconnect(conn);
	return ret;
}

static enum sql_result my_execute(struct sql_conn *conn, const char *statement, int64_t deadline_ns,
				  uint64_t *changed_r, struct error *error_r)
{
	struct mysql_conn *my = (struct mysql_conn *)conn;
	int failed = 0;

	mysql_begin(my, deadline_ns, MYSQL_ANSWER_MAX);
	AWAIT(my, mysql_real_query, failed, my->mysql, statement, strlen(statement));
	if (failed)
		return mysql_fail(my, error_r);
	*changed_r = mysql_affected_rows(my->mysql);
	return SQL_OK;
}

static void my_places(const struct sql_conn *conn, dict_place_cb *cb, void *context)
{
	const struct mysql_hosts *hosts = &((const struct mysql_conn *)conn)->hosts;

	for (size_t i = 0; i < hosts->count; i++) {
		const struct mysql_host *host = &hosts->list[i];
		const char *const files[] = {host->ssl_ca, host->ssl_ca_path, host->ssl_cert,
					     host->ssl_key, host->option_file};

		for (size_t f = 0; f < sizeof(files) / sizeof(files[0]); f++) {
			if (files[f])
				cb(context, files[f], DICT_PLACE_READ);
		}
	}
}

const struct sql_backend sql_mysql_backend = {
	.dialect = SQL_MYSQL,
	.batch_max = BATCH_MAX,
	.new = my_new,
	.connect = my_connect,
	.disconnect = my_disconnect,
	.describe = mysql_describe,
	.write = mysql_write,
	.forget = mysql_forget,
	.execute = my_execute,
	.select = mysql_select,
	.places = my_places,
	.free = my_free,
};

/* --- the driver ------------------------------------------------------------------------------- */

static int mysql_open(const struct dict_config *config, struct dict **dict_r, struct error *error_r)
{
	return sql_open(&sql_mysql_driver, &sql_mysql_backend, config, dict_r, error_r);
}

const struct dict_driver sql_mysql_driver = SQL_DRIVER("mysql", mysql_open);

MODULE_DEFINE(mysql, sql_mysql_driver);
