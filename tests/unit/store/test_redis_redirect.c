/* SPDX-License-Identifier: MIT */
/* A Redis Cluster whose redirections and maps are not those of a healthy one. */
#include <errno.h>

#include "fake_cluster.h"

static bool moved_round(struct fake_redis *fake, int node, const redisReply *command,
			struct buf *out)
{
	if (!is_write(command))
		return answer_well(fake, node, command, out);
	buf_appendf(out, "-MOVED 1 127.0.0.1:%d\r\n", fake->port[!node]);
	return true;
}

static void endless_moved_ends(void **state)
{
	struct fake_redis fake = {0};
	struct batch batch;
	struct dict *dict;

	(void)state;
	fake_start(&fake, moved_round);
	dict = open_cluster(&fake, "");
	write_batch(dict, &batch);
	assert_int_equal(batch.ret, 0);
	assert_int_equal(count(&batch, DICT_RETRY), BATCH);
	assert_non_null(strstr(reason(&batch, DICT_RETRY), "gave up after 5 redirections"));
	dict_close(&dict);
	fake_stop(&fake);
	assert_in_range(fake.commands[0] + fake.commands[1], 5 * BATCH, 6 * BATCH);
}

/* Each answer names a node that nobody has heard of, and that is not there. */
static bool moved_nowhere(struct fake_redis *fake, int node, const redisReply *command,
			  struct buf *out)
{
	if (!is_write(command))
		return answer_well(fake, node, command, out);
	buf_appendf(out, "-MOVED 1 127.0.0.%d:1\r\n", 2 + fake->knob++ % 250);
	return true;
}

static void a_redirection_to_nobody_is_tried_once(void **state)
{
	struct fake_redis fake = {0};
	struct batch batch;
	struct dict *dict;

	(void)state;
	fake_start(&fake, moved_nowhere);
	dict = open_cluster(&fake, "");
	for (int i = 0; i < 20; i++) {
		write_batch(dict, &batch);
		assert_int_equal(count(&batch, DICT_RETRY), BATCH);
		assert_non_null(strstr(reason(&batch, DICT_RETRY), "127.0.0."));
	}
	dict_close(&dict);
	fake_stop(&fake);
}

static bool moved_out(struct fake_redis *fake, int node, const redisReply *command, struct buf *out)
{
	if (!is_write(command) || node == 2)
		return answer_well(fake, node, command, out);
	buf_appendf(out, "-MOVED 1 127.0.0.1:%d\r\n", fake->port[2]);
	return true;
}

static void moved_leads_to_a_node_that_was_not_known(void **state)
{
	struct fake_redis fake = {0};
	struct batch batch;
	struct dict *dict;

	(void)state;
	fake_start(&fake, moved_out);
	dict = open_cluster(&fake, "");
	write_batch(dict, &batch);
	assert_int_equal(count(&batch, DICT_STORED), BATCH);
	dict_close(&dict);
	fake_stop(&fake);
}

/* Node 2 takes only what comes behind ASKING. */
static bool ask_out(struct fake_redis *fake, int node, const redisReply *command, struct buf *out)
{
	bool asked = fake->knob;

	if (node == 2)
		fake->knob = fake_is(command, "ASKING");
	if (!is_write(command) || (node == 2 && asked))
		return answer_well(fake, node, command, out);
	if (node == 2)
		buf_appendf(out, "-MOVED 1 127.0.0.1:%d\r\n", fake->port[0]);
	else
		buf_appendf(out, "-ASK 1 127.0.0.1:%d\r\n", fake->port[2]);
	return true;
}

static void ask_is_followed_with_asking_for_each_command(void **state)
{
	struct fake_redis fake = {0};
	struct batch batch;
	struct dict *dict;

	(void)state;
	fake_start(&fake, ask_out);
	dict = open_cluster(&fake, "");
	for (int i = 0; i < 2; i++) {
		write_batch(dict, &batch);
		assert_int_equal(count(&batch, DICT_STORED), BATCH);
	}
	dict_close(&dict);
	fake_stop(&fake);
	assert_in_range(fake.commands[0] + fake.commands[1], 2 * BATCH, 2 * BATCH + 10);
}

/* Its greeting shifts all answers: what it then says of ASKING would pass for that of the write. */
static bool ask_leads_to_pop3(struct fake_redis *fake, int node, const redisReply *command,
			      struct buf *out)
{
	if (node == 2 && fake_is(command, "ASKING"))
		buf_append_str(out, "+OK POP3 ready.\r\n:1\r\n");
	else if (is_write(command) && node != 2)
		buf_appendf(out, "-ASK 1 127.0.0.1:%d\r\n", fake->port[2]);
	else
		return node == 2 ? true : answer_well(fake, node, command, out);
	return true;
}

static void a_node_that_is_no_redis_stores_nothing(void **state)
{
	struct fake_redis fake = {0};
	struct batch batch;
	struct dict *dict;

	(void)state;
	fake_start(&fake, ask_leads_to_pop3);
	dict = open_cluster(&fake, ":replicas=0");
	write_batch(dict, &batch);
	dict_close(&dict);
	fake_stop(&fake);
	assert_int_equal(count(&batch, DICT_STORED), 0);
	assert_int_equal(count(&batch, DICT_UNCERTAIN) + count(&batch, DICT_RETRY), BATCH);
}

static bool nowhere(struct fake_redis *fake, int node, const redisReply *command, struct buf *out)
{
	static const char *const answers[] = {"-CLUSTERDOWN Hash slot not served\r\n",
					      "-TRYAGAIN Multiple keys request\r\n",
					      "-MOVED 99999 x:0\r\n", "-ASK\r\n"};

	if (!is_write(command))
		return answer_well(fake, node, command, out);
	buf_append_str(out, answers[fake->knob]);
	return true;
}

static void what_leads_nowhere_keeps_the_records(void **state)
{
	(void)state;
	for (int knob = 0; knob < 4; knob++) {
		struct fake_redis fake = {.knob = knob};
		struct batch batch;
		struct dict *dict;

		fake_start(&fake, nowhere);
		dict = open_cluster(&fake, "");
		write_batch(dict, &batch);
		assert_int_equal(batch.ret, 0);
		assert_int_equal(count(&batch, DICT_RETRY), BATCH);
		dict_close(&dict);
		fake_stop(&fake);
	}
}

/* The node names neither itself nor, in redirections, the other's host. */
static bool nameless(struct fake_redis *fake, int node, const redisReply *command, struct buf *out)
{
	if (fake_is(command, "CLUSTER"))
		buf_appendf(out, "*1\r\n*3\r\n:0\r\n:16383\r\n*2\r\n$-1\r\n:%d\r\n", fake->port[0]);
	else if (is_write(command) && node == 0)
		buf_appendf(out, "-MOVED 1 :%d\r\n", fake->port[1]);
	else
		return answer_well(fake, node, command, out);
	return true;
}

static void a_node_without_a_name_is_the_one_that_answered(void **state)
{
	struct fake_redis fake = {0};
	struct batch batch;
	struct dict *dict;

	(void)state;
	fake_start(&fake, nameless);
	dict = open_cluster(&fake, "");
	write_batch(dict, &batch);
	assert_int_equal(count(&batch, DICT_STORED), BATCH);
	dict_close(&dict);
	fake_stop(&fake);
}

static const char *const bad_maps[] = {
	"*0\r\n",
	"+OK\r\n",
	"*1\r\n:1\r\n",
	"*1\r\n*3\r\n:0\r\n:99999\r\n*2\r\n$1\r\nx\r\n:1\r\n",
	"HTTP/1.1 400 Bad Request\r\n\r\n",
	"-ERR This instance has cluster support disabled\r\n",
	"*2000000000\r\n",
	"*1000000\r\n*1000000\r\n",
	"*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n:1\r\n",
};

static bool bad_map(struct fake_redis *fake, int node, const redisReply *command, struct buf *out)
{
	if (!fake_is(command, "CLUSTER"))
		return answer_well(fake, node, command, out);
	buf_append_str(out, bad_maps[fake->knob]);
	return true;
}

static void a_map_that_is_none_is_reported(void **state)
{
	(void)state;
	for (int knob = 0; knob < (int)(sizeof(bad_maps) / sizeof(bad_maps[0])); knob++) {
		struct fake_redis fake = {.knob = knob};
		struct batch batch;
		struct dict *dict;

		fake_start(&fake, bad_map);
		dict = open_cluster(&fake, "");
		write_batch(dict, &batch);
		assert_int_equal(count(&batch, DICT_RETRY), BATCH);
		assert_true(dict_ping(dict, clock_monotonic_ns() + 10 * NS_PER_SEC, &batch.error) <
			    0);
		assert_int_not_equal(batch.error.text[0], '\0');
		dict_close(&dict);
		fake_stop(&fake);
	}
}

/* More than anybody would read. */
static bool endless(struct fake_redis *fake, int node, const redisReply *command, struct buf *out)
{
	static char megabyte[1 << 20];

	if (!fake_is(command, "CLUSTER"))
		return answer_well(fake, node, command, out);
	buf_append_str(out, fake->knob ? "*60000\r\n" : "$400000000\r\n");
	for (int i = 0; i < 20; i++) {
		if (fake->knob)
			buf_append_str(out, "$1048576\r\n");
		buf_append(out, megabyte, sizeof(megabyte));
		if (fake->knob)
			buf_append_str(out, "\r\n");
	}
	return true;
}

static void an_endless_reply_is_cut_off(void **state)
{
	(void)state;
	for (int knob = 0; knob < 2; knob++) {
		struct fake_redis fake = {.knob = knob};
		struct batch batch;
		struct dict *dict;

		fake_start(&fake, endless);
		dict = open_cluster(&fake, "");
		write_batch(dict, &batch);
		assert_int_equal(batch.ret, -EPROTO);
		assert_non_null(strstr(batch.error.text, "a reply of more than 16 MiB"));
		dict_close(&dict);
		fake_stop(&fake);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(endless_moved_ends),
		cmocka_unit_test(a_redirection_to_nobody_is_tried_once),
		cmocka_unit_test(moved_leads_to_a_node_that_was_not_known),
		cmocka_unit_test(ask_is_followed_with_asking_for_each_command),
		cmocka_unit_test(a_node_that_is_no_redis_stores_nothing),
		cmocka_unit_test(what_leads_nowhere_keeps_the_records),
		cmocka_unit_test(a_node_without_a_name_is_the_one_that_answered),
		cmocka_unit_test(a_map_that_is_none_is_reported),
		cmocka_unit_test(an_endless_reply_is_cut_off),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
