/* SPDX-License-Identifier: MIT */
/*
 * The dict servers of three Dovecots behind "proxy:", each with a dict file, a Redis and a MySQL
 * behind it. tests/servers/dict.sh runs them from the Debian trees of tools/rootfs.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sql/harness.h"
#include "store/drivers/sql/sql.h"
#include "subject.h"

#define ROOTS "/var/cache/dovetap/root"

static const char *start_dovecot(struct harness *harness, const char *release, const char *backend)
{
	static char missing[96], base_dir[80];
	struct server *server = &harness->server;
	const char *arguments[] = {"tests/servers/dict.sh", release, harness->dir, backend, NULL};

	snprintf(missing, sizeof(missing), ROOTS "/%s/usr/sbin/dovecot", release);
	if (access(missing, X_OK) < 0) {
		snprintf(missing, sizeof(missing), "no %s: run tools/rootfs %s", release, release);
		return missing;
	}
	snprintf(server->socket, sizeof(server->socket), "%s/run/dict", harness->dir);
	memcpy(server->arguments, arguments, sizeof(arguments));
	server_start(server);
	/* As Dovecot's own socket: it is known from the start to take lookups. */
	snprintf(base_dir, sizeof(base_dir), "%s/run", harness->dir);
	harness->config.base_dir = base_dir;
	snprintf(harness->uri, sizeof(harness->uri), "proxy:idle_msecs=1000::test");
	return NULL;
}

/* One MariaDB for all; each scenario has a new table. */
static struct sql_harness mariadb = {.script = "mariadb", .driver = &sql_mysql_driver};

static void stop_mariadb(void)
{
	sql_harness_stop(&mariadb);
}

/* With the address in the key of the table: Dovecot's map would leave that of the first login. And
 * with room for any name, also for one that the map splits at its "/", as Dovecot does. */
static const char *start_with_mysql(struct harness *harness, const char *release)
{
	static char backend[128];

	if (mariadb.dir[0] == '\0') {
		atexit(stop_mariadb);
		sql_harness_start(&mariadb);
	}
	sql_harness_ask(
		&mariadb,
		"DROP TABLE IF EXISTS last_login; CREATE TABLE last_login (userid "
		"VARBINARY(1024) NOT NULL, service VARCHAR(20) NOT NULL, last_access BIGINT "
		"NOT NULL, last_ip VARBINARY(1024) NOT NULL, PRIMARY KEY (userid, service, "
		"last_ip));");
	snprintf(backend, sizeof(backend), "mysql:%s/socket", mariadb.dir);
	return start_dovecot(harness, release, backend);
}

static bool proxy_refuses(struct slice key)
{
	return memchr(key.ptr, '\0', key.len) != NULL;
}

/* Its protocol cannot ask for a key that has a newline in it. */
static bool proxy_2_refuses(struct slice key)
{
	return proxy_refuses(key) || memchr(key.ptr, '\n', key.len);
}

#define SUBJECT(id, version, release, backend, refusing)                                           \
	static const char *start_##id(struct harness *harness)                                     \
	{                                                                                          \
		return start_dovecot(harness, release, backend);                                   \
	}                                                                                          \
	const struct subject id = {                                                                \
		.name = "proxy (" version ", " backend ")",                                        \
		.traits = TRAIT_PRECISION | TRAIT_SLOW | TRAIT_LEARNS,                             \
		.start = start_##id,                                                               \
		.refuses = refusing,                                                               \
	}

#define MYSQL_SUBJECT(id, version, release, refusing)                                              \
	static const char *start_##id(struct harness *harness)                                     \
	{                                                                                          \
		return start_with_mysql(harness, release);                                         \
	}                                                                                          \
	const struct subject id = {                                                                \
		.name = "proxy (" version ", mysql)",                                              \
		.traits = TRAIT_PRECISION | TRAIT_SLOW | TRAIT_LEARNS,                             \
		.start = start_##id,                                                               \
		.refuses = refusing,                                                               \
	}

SUBJECT(proxy_2_3_13, "2.3.13", "bullseye", "file", proxy_2_refuses);
SUBJECT(proxy_2_3_19, "2.3.19.1", "bookworm", "file", proxy_refuses);
SUBJECT(proxy_2_4, "2.4.1", "trixie", "file", proxy_refuses);
SUBJECT(proxy_2_3_13_redis, "2.3.13", "bullseye", "redis", proxy_2_refuses);
SUBJECT(proxy_2_3_19_redis, "2.3.19.1", "bookworm", "redis", proxy_refuses);
SUBJECT(proxy_2_4_redis, "2.4.1", "trixie", "redis", proxy_refuses);
MYSQL_SUBJECT(proxy_2_3_13_mysql, "2.3.13", "bullseye", proxy_2_refuses);
MYSQL_SUBJECT(proxy_2_3_19_mysql, "2.3.19.1", "bookworm", proxy_refuses);
MYSQL_SUBJECT(proxy_2_4_mysql, "2.4.1", "trixie", proxy_refuses);
