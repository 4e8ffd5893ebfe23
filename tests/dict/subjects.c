/* SPDX-License-Identifier: MIT */
#include "subject.h"

#include <stdio.h>
#include <string.h>

#define set_uri(stand, ...) snprintf((stand)->uri, sizeof((stand)->uri), __VA_ARGS__)

static const char *memory_start(struct stand *stand)
{
	set_uri(stand, "memory:");
	return NULL;
}

static const struct subject memory = {
	.name = "memory",
	.traits = TRAIT_ANY_VALUE,
	.start = memory_start,
};

static const char *sqlite_start(struct stand *stand)
{
	set_uri(stand, "sqlite:path=%s/made/last-login.db", stand->dir);
	return NULL;
}

static const struct subject sqlite = {
	.name = "sqlite",
	.traits = TRAIT_ANY_VALUE | TRAIT_ROW | TRAIT_PRECISION,
	.start = sqlite_start,
};

static const char *redis_start(struct stand *stand)
{
	struct server *server = &stand->server;
	const char *arguments[] = {
		"redis-server", "--port",     "0",	 "--save",   "",
		"--appendonly", "no",	      "--dir",	 stand->dir, "--unixsocket",
		server->socket, "--loglevel", "warning", NULL};

	snprintf(server->socket, sizeof(server->socket), "%s/redis.sock", stand->dir);
	memcpy(server->arguments, arguments, sizeof(arguments));
	server_start(server);
	set_uri(stand, "redis:path=%s:prefix=p/:db=3", server->socket);
	return NULL;
}

static const struct subject redis = {
	.name = "redis",
	.traits = TRAIT_ANY_VALUE | TRAIT_SERVER | TRAIT_FORGETS | TRAIT_PRECISION,
	.start = redis_start,
};

static const char *file_start(struct stand *stand)
{
	set_uri(stand, "file:%s/made/last-login", stand->dir);
	return NULL;
}

static const char *file_fcntl_start(struct stand *stand)
{
	set_uri(stand, "file:%s/last-login:lock=fcntl", stand->dir);
	return NULL;
}

static const char *file_flock_start(struct stand *stand)
{
	set_uri(stand, "file:%s/last-login:lock=flock", stand->dir);
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

static const char *debug_start(struct stand *stand)
{
	set_uri(stand, "debug:file:%s/last-login", stand->dir);
	return NULL;
}

static const struct subject debug = {
	.name = "debug",
	.traits = TRAIT_ANY_VALUE | TRAIT_PRECISION,
	.start = debug_start,
};

const struct subject *const subjects[] = {
	&memory, &sqlite, &redis, &file, &file_fcntl, &file_flock, &debug, NULL,
};
