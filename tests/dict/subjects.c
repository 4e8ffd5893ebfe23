/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "subject.h"

#define set_uri(harness, ...) snprintf((harness)->uri, sizeof((harness)->uri), __VA_ARGS__)

static const char *memory_start(struct harness *harness)
{
	set_uri(harness, "memory:");
	return NULL;
}

static const struct subject memory = {
	.name = "memory",
	.traits = TRAIT_ANY_VALUE | TRAIT_VOLATILE,
	.start = memory_start,
};

static const char *sqlite_start(struct harness *harness)
{
	set_uri(harness, "sqlite:path=%s/made/last-login.db", harness->dir);
	return NULL;
}

static const struct subject sqlite = {
	.name = "sqlite",
	.traits = TRAIT_ANY_VALUE | TRAIT_ROW | TRAIT_PRECISION | TRAIT_EXPIRES | TRAIT_HISTORY |
		  TRAIT_RECENT,
	.start = sqlite_start,
};

static const char *redis_start(struct harness *harness)
{
	struct server *server = &harness->server;
	const char *arguments[] = {
		"redis-server", "--port",     "0",	 "--save",     "",
		"--appendonly", "no",	      "--dir",	 harness->dir, "--unixsocket",
		server->socket, "--loglevel", "warning", NULL};

	snprintf(server->socket, sizeof(server->socket), "%s/redis.sock", harness->dir);
	memcpy(server->arguments, arguments, sizeof(arguments));
	server_start(server);
	set_uri(harness, "redis:path=%s:prefix=p/:db=3", server->socket);
	return NULL;
}

static const struct subject redis = {
	.name = "redis",
	.traits = TRAIT_ANY_VALUE | TRAIT_SERVER | TRAIT_FORGETS | TRAIT_PRECISION | TRAIT_HISTORY,
	.start = redis_start,
};

static const char *file_start(struct harness *harness)
{
	set_uri(harness, "file:%s/made/last-login", harness->dir);
	return NULL;
}

static const char *file_fcntl_start(struct harness *harness)
{
	set_uri(harness, "file:%s/last-login:lock=fcntl", harness->dir);
	return NULL;
}

static const char *file_flock_start(struct harness *harness)
{
	set_uri(harness, "file:%s/last-login:lock=flock", harness->dir);
	return NULL;
}

static const struct subject file = {
	.name = "file",
	.traits = TRAIT_ANY_VALUE | TRAIT_PRECISION,
	.start = file_start,
};

static const struct subject file_fcntl = {
	.name = "file (fcntl)",
	.traits = TRAIT_ANY_VALUE | TRAIT_PRECISION,
	.start = file_fcntl_start,
};

static const struct subject file_flock = {
	.name = "file (flock)",
	.traits = TRAIT_ANY_VALUE | TRAIT_PRECISION,
	.start = file_flock_start,
};

static const char *debug_start(struct harness *harness)
{
	set_uri(harness, "debug:file:%s/last-login", harness->dir);
	return NULL;
}

static const struct subject debug = {
	.name = "debug",
	.traits = TRAIT_ANY_VALUE | TRAIT_PRECISION,
	.start = debug_start,
};

static const char *fs_start(struct harness *harness)
{
	set_uri(harness, "fs:posix:prefix=%s/made/:no-fsync", harness->dir);
	return NULL;
}

/* What no file system can take: a NUL, a name of more than 255 bytes. A file cannot be a directory
 * at the same time either, but none of the names used here asks for that. */
static bool fs_refuses(struct slice key)
{
	size_t segment = 0, longest = 0;

	for (size_t i = 0; i < key.len; i++) {
		segment = key.ptr[i] == '/' ? 0 : segment + 1;
		longest = segment > longest ? segment : longest;
	}
	return longest > 255 || memchr(key.ptr, '\0', key.len);
}

static const struct subject fs = {
	.name = "fs",
	.traits = TRAIT_ANY_VALUE | TRAIT_PRECISION,
	.start = fs_start,
	.refuses = fs_refuses,
};

static const char *memcached_start(struct harness *harness)
{
	static char port[8];
	struct server *server = &harness->server;
	const char *arguments[] = {"memcached", "-l", "127.0.0.1", "-p", port, "-U",
				   "0",		"-u", "root",	   "-m", "64", NULL};

	server->port = server_free_port();
	snprintf(port, sizeof(port), "%d", server->port);
	memcpy(server->arguments, arguments, sizeof(arguments));
	server_start(server);
	set_uri(harness, "memcached_ascii:port=%d:prefix=p/", server->port);
	return NULL;
}

static bool memcached_refuses(struct slice key)
{
	bool blank = false;

	for (size_t i = 0; i < key.len; i++)
		blank |= (unsigned char)key.ptr[i] <= ' ' || key.ptr[i] == 0x7f;
	return blank || key.len + strlen("p/") - strlen("shared/") > 250;
}

static const struct subject memcached = {
	.name = "memcached_ascii",
	.traits = TRAIT_ANY_VALUE | TRAIT_SERVER | TRAIT_FORGETS | TRAIT_PRECISION,
	.start = memcached_start,
	.refuses = memcached_refuses,
};

extern const struct subject cassandra_subject;				      /* cassandra.c */
extern const struct subject mysql_subject, pgsql_subject, sqlite_map_subject; /* sql_subjects.c */
extern const struct subject redis_cluster_subject, redis_sentinel_subject;    /* redis_subjects.c */
extern const struct subject proxy_2_3_13, proxy_2_3_19, proxy_2_4;	      /* proxy.c */
extern const struct subject proxy_2_3_13_redis, proxy_2_3_19_redis, proxy_2_4_redis;
extern const struct subject proxy_2_3_13_mysql, proxy_2_3_19_mysql, proxy_2_4_mysql;

const struct subject *const subjects[] = {
	&memory,
	&sqlite,
	&redis,
	&redis_cluster_subject,
	&redis_sentinel_subject,
	&file,
	&file_fcntl,
	&file_flock,
	&debug,
	&fs,
	&memcached,
	&cassandra_subject,
	&mysql_subject,
	&pgsql_subject,
	&sqlite_map_subject,
	&proxy_2_3_13,
	&proxy_2_3_19,
	&proxy_2_4,
	&proxy_2_3_13_redis,
	&proxy_2_3_19_redis,
	&proxy_2_4_redis,
	&proxy_2_3_13_mysql,
	&proxy_2_3_19_mysql,
	&proxy_2_4_mysql,
	NULL,
};
