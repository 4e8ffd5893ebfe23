/* SPDX-License-Identifier: MIT */
/* Nodes of a Redis Cluster that fail, and sentinels that are of no use. */
#include <errno.h>

#include "fake_cluster.h"

static bool one_hangs(struct fake_redis *fake, int node, const redisReply *command, struct buf *out)
{
	return node == 1 || answer_well(fake, node, command, out);
}

static void a_node_that_hangs_keeps_back_only_its_own(void **state)
{
	struct fake_redis fake = {0};
	struct batch batch;
	struct dict *dict;
	unsigned int connections;

	(void)state;
	fake_start(&fake, one_hangs);
	dict = open_cluster(&fake, "");
	write_batch(dict, &batch); /* as long as a node may take to let us in */
	assert_int_equal(batch.ret, 0);
	assert_in_range(count(&batch, DICT_STORED), 1, BATCH - 1);
	assert_int_equal(count(&batch, DICT_STORED) + count(&batch, DICT_RETRY), BATCH);
	connections = fake.connections[1];
	write_batch(dict, &batch);
	assert_in_range(count(&batch, DICT_STORED), 1, BATCH - 1);
	assert_in_range(fake.connections[1], connections, connections + 1);
	dict_close(&dict);
	fake_stop(&fake);
}

/* It takes the first write and closes. */
static bool one_dies(struct fake_redis *fake, int node, const redisReply *command, struct buf *out)
{
	answer_well(fake, node, command, out);
	return node != 1 || !is_write(command);
}

static void a_node_that_dies_leaves_its_records_uncertain(void **state)
{
	struct fake_redis fake = {0};
	struct batch batch;
	struct dict *dict;

	(void)state;
	fake_start(&fake, one_dies);
	dict = open_cluster(&fake, ":replicas=0");
	write_batch(dict, &batch);
	assert_int_equal(batch.ret, 0);
	assert_in_range(count(&batch, DICT_STORED), 2, BATCH - 1);
	assert_in_range(count(&batch, DICT_UNCERTAIN), 1, BATCH - 1);
	assert_int_equal(count(&batch, DICT_STORED) + count(&batch, DICT_UNCERTAIN), BATCH);
	dict_close(&dict);
	fake_stop(&fake);
}

static bool no_script(struct fake_redis *fake, int node, const redisReply *command, struct buf *out)
{
	if (fake_is(command, "EVAL"))
		fake->knob |= 1 << node;
	if (fake_is(command, "EVALSHA") && !(fake->knob & 1 << node))
		buf_append_str(out, "-NOSCRIPT No matching script. Please use EVAL.\r\n");
	else
		return answer_well(fake, node, command, out);
	return true;
}

static void each_node_gets_the_script_once(void **state)
{
	struct fake_redis fake = {0};
	struct batch batch;
	struct dict *dict;

	(void)state;
	fake_start(&fake, no_script);
	dict = open_cluster(&fake, ":replicas=0");
	write_batch(dict, &batch);
	assert_int_equal(count(&batch, DICT_STORED), BATCH);
	assert_int_equal(fake.knob, 3);
	write_batch(dict, &batch);
	assert_int_equal(count(&batch, DICT_STORED), BATCH);
	dict_close(&dict);
	fake_stop(&fake);
	assert_int_equal(fake.commands[0] + fake.commands[1], 3 * BATCH + 1);
}

static bool late_replica(struct fake_redis *fake, int node, const redisReply *command,
			 struct buf *out)
{
	if (!fake_is(command, "WAIT"))
		return answer_well(fake, node, command, out);
	buf_append_str(out, fake->knob++ < 2 ? ":0\r\n" : ":1\r\n");
	return true;
}

static void what_no_replica_has_is_not_stored_yet(void **state)
{
	struct fake_redis fake = {0};
	struct batch batch;
	struct dict *dict;

	(void)state;
	fake_start(&fake, late_replica);
	dict = open_cluster(&fake, "");
	write_batch(dict, &batch);
	assert_int_equal(count(&batch, DICT_UNCERTAIN), BATCH);
	write_batch(dict, &batch);
	assert_int_equal(count(&batch, DICT_STORED), BATCH);
	dict_close(&dict);
	fake_stop(&fake);
}

static bool chatty(struct fake_redis *fake, int node, const redisReply *command, struct buf *out)
{
	answer_well(fake, node, command, out);
	if (fake_is(command, "WAIT"))
		buf_append_str(out, ":0\r\n:0\r\n");
	return true;
}

static void surplus_replies_are_not_taken_for_the_next(void **state)
{
	struct fake_redis fake = {0};
	struct batch batch;
	struct dict *dict;

	(void)state;
	fake_start(&fake, chatty);
	dict = open_cluster(&fake, "");
	for (int i = 0; i < 3; i++) {
		write_batch(dict, &batch);
		assert_int_equal(count(&batch, DICT_STORED), BATCH);
	}
	dict_close(&dict);
	fake_stop(&fake);
	assert_true(fake.connections[0] + fake.connections[1] >= 5);
}

/* Nodes 0 and 1 are sentinels, 2 is a server. */
static struct dict *open_sentinel(const struct fake_redis *fake)
{
	char uri[160];

	snprintf(uri, sizeof(uri), "redis:sentinel=mails:host=127.0.0.1:%d,127.0.0.1:%d",
		 fake->port[0], fake->port[1]);
	return open_dict(uri);
}

static bool sentinel(struct fake_redis *fake, int node, const redisReply *command, struct buf *out)
{
	static const char *const answers[] = {
		"*-1\r\n",
		":1\r\n",
		"*1\r\n:1\r\n",
		"*2\r\n$1\r\nx\r\n:1\r\n",
		"*2\r\n$0\r\n\r\n$1\r\n1\r\n",
		"*2\r\n$9\r\n127.0.0.1\r\n$5\r\n99999\r\n",
		"*2\r\n$9\r\n127.0.0.1\r\n$1\r\n1\r\n", /* nobody is there */
		"-ERR no\r\n",
		"*2000000000\r\n",
		"SSH-2.0-OpenSSH_9.2\r\n",
	};

	if (!fake_is(command, "SENTINEL"))
		return answer_well(fake, node, command, out);
	if (node == 0)
		buf_append_str(out, answers[fake->knob]);
	else
		buf_appendf(out, "*2\r\n$9\r\n127.0.0.1\r\n$%d\r\n%d\r\n",
			    snprintf(NULL, 0, "%d", fake->port[2]), fake->port[2]);
	return true;
}

static void a_sentinel_of_no_use_is_passed_over(void **state)
{
	(void)state;
	for (int knob = 0; knob < 10; knob++) {
		struct fake_redis fake = {.knob = knob};
		struct batch batch;
		struct dict *dict;

		fake_start(&fake, sentinel);
		dict = open_sentinel(&fake);
		write_batch(dict, &batch);
		if (batch.ret < 0)
			fail_msg("%d: %s", knob, batch.error.text);
		assert_int_equal(count(&batch, DICT_STORED), BATCH);
		dict_close(&dict);
		fake_stop(&fake);
	}
}

/* The second sentinel names what has become a replica; knob: since when the first knows better. */
static bool demoted(struct fake_redis *fake, int node, const redisReply *command, struct buf *out)
{
	if (node == 2 && fake_is(command, "ROLE"))
		buf_append_str(out,
			       "*5\r\n$5\r\nslave\r\n$1\r\nx\r\n:1\r\n$7\r\nconnect\r\n:1\r\n");
	else if (fake_is(command, "SENTINEL"))
		buf_appendf(out, "*2\r\n$9\r\n127.0.0.1\r\n$%d\r\n%d\r\n",
			    snprintf(NULL, 0, "%d", fake->port[2]), fake->port[2]);
	else
		return answer_well(fake, node, command, out);
	return true;
}

static void a_replica_is_not_written_to(void **state)
{
	struct fake_redis fake = {0};
	struct batch batch;
	struct dict *dict;

	(void)state;
	fake_start(&fake, demoted);
	dict = open_sentinel(&fake);
	write_batch(dict, &batch);
	assert_int_equal(batch.ret, -EAGAIN);
	assert_int_equal(count(&batch, DICT_RETRY), BATCH);
	assert_non_null(strstr(batch.error.text, "which it names as the master, is none"));
	dict_close(&dict);
	fake_stop(&fake);
	assert_int_equal(fake.commands[2], 2); /* ROLE, for each sentinel */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_node_that_hangs_keeps_back_only_its_own),
		cmocka_unit_test(a_node_that_dies_leaves_its_records_uncertain),
		cmocka_unit_test(each_node_gets_the_script_once),
		cmocka_unit_test(what_no_replica_has_is_not_stored_yet),
		cmocka_unit_test(surplus_replies_are_not_taken_for_the_next),
		cmocka_unit_test(a_sentinel_of_no_use_is_passed_over),
		cmocka_unit_test(a_replica_is_not_written_to),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
