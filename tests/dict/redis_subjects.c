/* SPDX-License-Identifier: MIT */
/*
 * Real servers of Redis under the conformance cases, in more than one piece: a cluster of three,
 * and a master that is found through a sentinel. They take seconds to start, so all cases share
 * them, and each gets a prefix of its own.
 */
#include <stdio.h>
#include <stdlib.h>

#include "subject.h"

#define SCRIPT "tests/servers/redis.sh"

struct servers {
	const char *kind, *options, *hosts; /* arguments of the script; "" for all hosts */
	char dir[64], list[256];
};

static struct servers servers[] = {
	{"cluster", "3 0", "1", "", ""},
	{"sentinel", "1", "s1 s2 s3", "", ""},
};

static int prefixes;

static void destroy_all(void)
{
	char command[128];

	for (size_t i = 0; i < sizeof(servers) / sizeof(servers[0]); i++) {
		snprintf(command, sizeof(command), SCRIPT " destroy %s", servers[i].dir);
		if (servers[i].dir[0] != '\0' && system(command) != 0)
			fprintf(stderr, "%s failed\n", command);
	}
}

static const char *start_servers(struct servers *s)
{
	char command[256];
	FILE *pipe;

	if (servers[0].dir[0] == '\0' && servers[1].dir[0] == '\0')
		atexit(destroy_all);
	snprintf(s->dir, sizeof(s->dir), "/tmp/dovetap-redis.XXXXXX");
	if (!mkdtemp(s->dir))
		return "no temporary directory";
	snprintf(command, sizeof(command), SCRIPT " %s %s %s", s->kind, s->dir, s->options);
	if (system(command) != 0)
		return "the servers did not start";
	snprintf(command, sizeof(command), SCRIPT " hosts %s %s", s->dir, s->hosts);
	pipe = popen(command, "r");
	if (!pipe || fscanf(pipe, "%255s", s->list) != 1 || pclose(pipe) != 0)
		return "the servers have no hosts";
	return NULL;
}

static const char *start(struct harness *harness, struct servers *s, const char *option)
{
	const char *why = s->list[0] == '\0' ? start_servers(s) : NULL;

	snprintf(harness->uri, sizeof(harness->uri), "redis:%s:host=%s:prefix=%d/", option, s->list,
		 prefixes++);
	return why;
}

static const char *cluster_start(struct harness *harness)
{
	return start(harness, &servers[0], "cluster");
}

static const char *sentinel_start(struct harness *harness)
{
	return start(harness, &servers[1], "sentinel=mails");
}

const struct subject redis_cluster_subject = {
	.name = "redis cluster",
	.traits = TRAIT_ANY_VALUE | TRAIT_PRECISION | TRAIT_HISTORY,
	.start = cluster_start,
};

const struct subject redis_sentinel_subject = {
	.name = "redis sentinel",
	.traits = TRAIT_ANY_VALUE | TRAIT_PRECISION | TRAIT_HISTORY,
	.start = sentinel_start,
};
