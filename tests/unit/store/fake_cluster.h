/* SPDX-License-Identifier: MIT */
/*
 * A Redis Cluster of scripted nodes, what its healthy nodes answer, and a batch to write into it.
 * Half of the slots belong to the first node, half to the second; the third is no part of the
 * cluster.
 */
#ifndef DOVETAP_TESTS_FAKE_CLUSTER_H
#define DOVETAP_TESTS_FAKE_CLUSTER_H

#include "../cmocka_all.h"
#include "base/clock.h"
#include "fake_redis.h"
#include "store/dict.h"

#define BATCH 40

struct batch {
	char keys[BATCH][64];
	struct dict_entry entries[BATCH];
	struct error error;
	int ret;
};

static inline struct dict *open_dict(const char *uri)
{
	const struct dict_config config = {.uri = uri};
	struct dict *dict = NULL;
	struct error error = {0};

	if (dict_open(&config, &dict, &error) < 0)
		fail_msg("%s", error.text);
	return dict;
}

static inline struct dict *open_cluster(const struct fake_redis *fake, const char *options)
{
	char uri[160];

	snprintf(uri, sizeof(uri), "redis:cluster:host=127.0.0.1:%d,127.0.0.1:%d%s", fake->port[0],
		 fake->port[1], options);
	return open_dict(uri);
}

static inline void write_within(struct dict *dict, struct batch *batch, int64_t span_ns)
{
	for (int i = 0; i < BATCH; i++) {
		snprintf(batch->keys[i], sizeof(batch->keys[i]), "shared/last-login/user%d", i);
		batch->entries[i] = (struct dict_entry){.key = slice_str(batch->keys[i]),
							.value = slice_str("1795338170"),
							.time_ns = 1795338170 * NS_PER_SEC};
	}
	batch->error = (struct error){0};
	batch->ret = dict_write(dict, batch->entries, BATCH, clock_monotonic_ns() + span_ns,
				&batch->error);
}

static inline void write_batch(struct dict *dict, struct batch *batch)
{
	write_within(dict, batch, 30 * NS_PER_SEC);
}

static inline int count(const struct batch *batch, enum dict_outcome outcome)
{
	int n = 0;

	for (int i = 0; i < BATCH; i++)
		n += batch->entries[i].outcome == outcome;
	return n;
}

static inline const char *reason(const struct batch *batch, enum dict_outcome outcome)
{
	for (int i = 0; i < BATCH; i++) {
		if (batch->entries[i].outcome == outcome)
			return batch->entries[i].reason;
	}
	return "";
}

static inline void say_map(const struct fake_redis *fake, struct buf *out)
{
	buf_appendf(out,
		    "*2\r\n*3\r\n:0\r\n:8191\r\n*2\r\n$9\r\n127.0.0.1\r\n:%d\r\n"
		    "*3\r\n:8192\r\n:16383\r\n*2\r\n$9\r\n127.0.0.1\r\n:%d\r\n",
		    fake->port[0], fake->port[1]);
}

static inline void say_role(size_t replicas, struct buf *out)
{
	buf_appendf(out, "*3\r\n$6\r\nmaster\r\n:1\r\n*%zu\r\n", replicas);
	while (replicas-- > 0)
		buf_append_str(out, "*3\r\n$9\r\n127.0.0.1\r\n$1\r\n1\r\n$1\r\n1\r\n");
}

static inline bool answer_well(struct fake_redis *fake, int node, const redisReply *command,
			       struct buf *out)
{
	(void)node;
	if (fake_is(command, "CLUSTER"))
		say_map(fake, out);
	else if (fake_is(command, "ROLE"))
		say_role(1, out);
	else if (fake_is(command, "ASKING"))
		buf_append_str(out, "+OK\r\n");
	else
		buf_append_str(out, ":1\r\n"); /* EVALSHA, EVAL, WAIT */
	return true;
}

static inline bool is_write(const redisReply *command)
{
	return fake_is(command, "EVALSHA") || fake_is(command, "EVAL");
}

#endif
