/* SPDX-License-Identifier: MIT */
/*
 * A real Cassandra of one node under the conformance cases. It takes seconds to start, so all cases
 * share one server, and each gets a keyspace of its own.
 */
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "../unit/cmocka_all.h"
#include "subject.h"

static char cluster_dir[64];
static int port;
static int keyspaces;

static void destroy_cluster(void)
{
	char command[128];

	snprintf(command, sizeof(command), "tests/servers/cassandra.sh destroy %s", cluster_dir);
	if (system(command) != 0)
		fprintf(stderr, "%s failed\n", command);
}

static const char *start_cluster(void)
{
	char command[160];
	FILE *pipe;

	snprintf(cluster_dir, sizeof(cluster_dir), "/tmp/dovetap-cassandra.XXXXXX");
	if (!mkdtemp(cluster_dir))
		return "no temporary directory";
	atexit(destroy_cluster);
	snprintf(command, sizeof(command), "tests/servers/cassandra.sh init %s", cluster_dir);
	pipe = popen(command, "r");
	if (!pipe || fscanf(pipe, "%d", &port) != 1 || pclose(pipe) != 0)
		return "cassandra.sh init failed";
	snprintf(command, sizeof(command), "tests/servers/cassandra.sh start %s 1", cluster_dir);
	return system(command) == 0 ? NULL : "cassandra.sh start failed";
}

/* The schema of the last_login document as printed, in a new keyspace. */
static const char *create_table(void)
{
	char command[160];
	FILE *pipe;

	snprintf(command, sizeof(command), "tests/servers/cassandra-cql 127.0.0.1 %d run", port);
	pipe = popen(command, "w");
	if (!pipe)
		return "cassandra-cql cannot be run";
	fprintf(pipe,
		"CREATE KEYSPACE k%d WITH replication ="
		" {'class': 'SimpleStrategy', 'replication_factor': 1};\n"
		"CREATE TABLE k%d.last_login (userid TEXT, service TEXT, last_access TIMESTAMP,"
		" last_ip TEXT, PRIMARY KEY ((userid), service));\n",
		keyspaces, keyspaces);
	return pclose(pipe) == 0 ? NULL : "the schema could not be made";
}

static const char *write_map(struct harness *harness)
{
	char path[96];
	FILE *file;

	snprintf(path, sizeof(path), "%s/dovecot-dict-cql.conf.ext", harness->dir);
	snprintf(harness->uri, sizeof(harness->uri), "cassandra:%s", path);
	file = fopen(path, "w");
	if (!file)
		return "the map could not be written";
	fprintf(file,
		"connect = host=127.0.0.1 port=%d dbname=k%d\n"
		"map {\n"
		"  pattern = shared/last-login/$service/$user/$remote_ip\n"
		"  table = last_login\n"
		"  value_field = last_access\n"
		"  value_type = uint\n"
		"  fields {\n"
		"    userid = $user\n"
		"    service = $service\n"
		"    last_ip = $remote_ip\n"
		"  }\n"
		"}\n",
		port, keyspaces);
	return fclose(file) == 0 ? NULL : "the map could not be written";
}

static const char *cassandra_start(struct harness *harness)
{
	const char *why = port == 0 ? start_cluster() : NULL;

	keyspaces++;
	if (!why)
		why = create_table();
	return why ? why : write_map(harness);
}

/* A text column takes UTF-8 only; an independent opinion on what that is. */
static bool is_utf8(struct slice text)
{
	char copy[4096];
	size_t at, len;
	mbstate_t state = {0};

	assert_true(text.len < sizeof(copy));
	memcpy(copy, text.ptr, text.len);
	copy[text.len] = '\0';
	for (at = 0; at<text.len; at += len> 0 ? len : 1) {
		wchar_t c = 0;

		len = mbrtowc(&c, copy + at, text.len - at, &state);
		/* glibc lets surrogates and what is beyond Unicode pass. */
		if (len > text.len || (c >= 0xd800 && c <= 0xdfff) || c > 0x10ffff)
			return false;
	}
	return true;
}

static bool cassandra_refuses(struct slice key)
{
	if (!setlocale(LC_CTYPE, "C.UTF-8"))
		fail_msg("no locale C.UTF-8");
	return !is_utf8(key);
}

const struct subject cassandra_subject = {
	.name = "cassandra",
	.traits = TRAIT_ROW | TRAIT_BLIND,
	.start = cassandra_start,
	.refuses = cassandra_refuses,
};
