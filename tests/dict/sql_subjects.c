/* SPDX-License-Identifier: MIT */
/*
 * The SQL drivers for conformance.c. Their servers start once and serve all scenarios; each
 * scenario has a new table. For servers that die and hang see sql/conformance.c.
 */
#include <iconv.h>
#include <stdlib.h>

#include "sql/harness.h"
#include "store/drivers/sql/sql.h"
#include "subject.h"

static const char map[] = "map {\n  pattern = shared/last-login/$service/$user/$remote_ip\n"
			  "  table = last_login\n  value_field = last_access\n"
			  "  value_type = uint\n  fields {\n    userid = $user\n"
			  "    service = $service\n    last_ip = $remote_ip\n  }\n}\n";

static struct sql_harness harnesses[] = {
	{.script = "mariadb",
	 .driver = &sql_mysql_driver,
	 .connect = {"host=", "/socket dbname=mails user=dovetap password=sekret"}},
	{.script = "pgsql",
	 .driver = &sql_pgsql_driver,
	 .connect = {"host=", " dbname=mails user=dovetap password=sekret"}},
	{.script = "sqlite", .driver = &sql_sqlite_driver, .connect = {"", "/db"}},
};

static void stop_all(void)
{
	for (size_t i = 0; i < sizeof(harnesses) / sizeof(*harnesses); i++)
		if (harnesses[i].dir[0] != '\0')
			sql_harness_stop(&harnesses[i]);
}

static void start_once(struct sql_harness *sql)
{
	static bool registered;

	if (!registered)
		atexit(stop_all);
	registered = true;
	if (sql->dir[0] == '\0')
		sql_harness_start(sql);
}

/* The tables of a history as docs/history.md has them. */
static void make_history(struct sql_harness *sql, const char *table, const char *name_type)
{
	sql_harness_ask(
		sql,
		"DROP TABLE IF EXISTS %s; CREATE TABLE %s (userid %s(255) NOT NULL, time_ns BIGINT "
		"NOT NULL, id VARCHAR(32) NOT NULL, service VARCHAR(255) NOT NULL, remote_ip "
		"VARCHAR(255) NOT NULL, country VARCHAR(255) NOT NULL, asn VARCHAR(255) NOT NULL, "
		"client_id VARCHAR(255) NOT NULL, mech VARCHAR(255) NOT NULL, tls VARCHAR(255) NOT "
		"NULL, node VARCHAR(255) NOT NULL, session VARCHAR(255) NOT NULL, outcome "
		"VARCHAR(255) NOT NULL, PRIMARY KEY (userid, id)); CREATE INDEX %s_user ON %s "
		"(userid, time_ns); CREATE INDEX %s_time ON %s (time_ns);",
		table, table, name_type, table, table, table, table);
}

/* The documented table, with a type in which no two names are equal. */
static const char *start(struct harness *harness, struct sql_harness *sql, const char *name_type)
{
	start_once(sql);
	sql_harness_ask(
		sql,
		"DROP TABLE IF EXISTS last_login; CREATE TABLE last_login (userid %s(255) NOT "
		"NULL, service VARCHAR(20) NOT NULL, last_access BIGINT NOT NULL, last_ip "
		"VARCHAR(40) NOT NULL, PRIMARY KEY (userid, service));",
		name_type);
	make_history(sql, HISTORY_LOGINS, name_type);
	make_history(sql, HISTORY_FAILURES, name_type);
	sql_harness_open(sql, map, NULL, NULL);
	sql_harness_close(sql);
	snprintf(harness->uri, sizeof(harness->uri), "%s:%s/map.conf", sql->driver->name, sql->dir);
	return NULL;
}

static const char *mysql_start(struct harness *harness)
{
	return start(harness, &harnesses[0], "VARBINARY");
}

static const char *pgsql_start(struct harness *harness)
{
	return start(harness, &harnesses[1], "VARCHAR");
}

static const char *sqlite_start(struct harness *harness)
{
	return start(harness, &harnesses[2], "VARCHAR");
}

/* shared/last-login/SERVICE/USER/ADDRESS, and only the user may have a slash. */
static struct slice user_of(struct slice key)
{
	const char *from = key.ptr + strlen("shared/last-login/");
	const char *end = key.ptr + key.len;

	from = (const char *)memchr(from, '/', (size_t)(end - from)) + 1;
	while (end[-1] != '/')
		end--;
	return (struct slice){from, (size_t)(end - 1 - from)};
}

bool mysql_refuses(struct slice key)
{
	return user_of(key).len > 255;
}

static bool is_utf8(struct slice text)
{
	iconv_t converter = iconv_open("UTF-32LE", "UTF-8");
	char out[4096], *in = (char *)(uintptr_t)text.ptr, *to = out;
	size_t left = text.len, room = sizeof(out);
	size_t ret = iconv(converter, &in, &left, &to, &room);

	iconv_close(converter);
	return ret != (size_t)-1;
}

static bool pgsql_refuses(struct slice key)
{
	struct slice user = user_of(key);

	return user.len > 255 || memchr(user.ptr, '\0', user.len) || !is_utf8(user);
}

extern const struct subject mysql_subject, pgsql_subject, sqlite_map_subject;

const struct subject mysql_subject = {
	.name = "mysql",
	.traits = TRAIT_ROW | TRAIT_PRECISION | TRAIT_EXPIRES | TRAIT_HISTORY | TRAIT_RECENT,
	.start = mysql_start,
	.refuses = mysql_refuses,
};

const struct subject pgsql_subject = {
	.name = "pgsql",
	.traits = TRAIT_ROW | TRAIT_PRECISION | TRAIT_EXPIRES | TRAIT_HISTORY | TRAIT_RECENT,
	.start = pgsql_start,
	.refuses = pgsql_refuses,
};

const struct subject sqlite_map_subject = {
	.name = "sqlite (map)",
	.traits = TRAIT_ROW | TRAIT_PRECISION | TRAIT_EXPIRES | TRAIT_HISTORY | TRAIT_RECENT,
	.start = sqlite_start,
};
