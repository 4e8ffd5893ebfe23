/* SPDX-License-Identifier: MIT */
/*
 * A Redis Cluster, and sentinels, that do what healthy ones do not. Half of the slots belong to
 * the first node, half to the second; the third is no part of the cluster.
 */
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

static struct dict *open_dict(const char *uri)
{
	const struct dict_config config = {.uri = uri};
	struct dict *dict = NULL;
	struct error error = {0};

	if (dict_open(&config, &dict, &error) < 0)
		fail_msg("%s", error.text);
	return dict;
}

static struct dict *open_cluster(const struct fake_redis *fake, const char *options)
{
	char uri[160];

	snprintf(uri, sizeof(uri), "redis:cluster:host=127.0.0.1:%d,127.0.0.1:%d%s", fake->port[0],
		 fake->port[1], options);
	return open_dict(uri);
}

static void write_within(struct dict *dict, struct batch *batch, int64_t span_ns)
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

static void write_batch(struct dict *dict, struct batch *batch)
{
	write_within(dict, batch, 30 * NS_PER_SEC);
}

static int count(const struct batch *batch, enum dict_outcome outcome)
{
	int n = 0;

	for (int i = 0; i < BATCH; i++)
		n += batch->entries[i].outcome == outcome;
	return n;
}

static const char *reason(const struct batch *batch, enum dict_outcome outcome)
{
	for (int i = 0; i < BATCH; i++) {
		if (batch->entries[i].outcome == outcome)
			return batch->entries[i].reason;
	}
	return "";
}

/* --- what the nodes answer ------------------------------------------------------------------- */

static void say_map(const struct fake_redis *fake, struct buf *out)
{
	buf_appendf(out,
		    "*2\r\n*3\r\n:0\r\n:8191\r\n*2\r\n$9\r\n127.0.0.1\r\n:%d\r\n"
		    "*3\r\n:8192\r\n:16383\r\n*2\r\n$9\r\n127.0.0.1\r\n:%d\r\n",
		    fake->port[0], fake->port[1]);
}

static void say_role(size_t replicas, struct buf *out)
{
	buf_appendf(out, "*3\r\n$6\r\nmaster\r\n:1\r\n*%zu\r\n", replicas);
	while (replicas-- > 0)
		buf_append_str(out, "*3\r\n$9\r\n127.0.0.1\r\n$1\r\n1\r\n$1\r\n1\r\n");
}

static bool answer_well(struct fake_redis *fake, int node, const redisReply *command,
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

static bool is_write(const redisReply *command)
{
	return fake_is(command, "EVALSHA") || fake_is(command, "EVAL");
}

/* --- redirections ---------------------------------------------------------------------------- */

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

/* --- maps ------------------------------------------------------------------------------------ */

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

static void a_map_that_is_none_is_told(void **state)
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

/* --- nodes that fail ------------------------------------------------------------------------- */

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

/* --- sentinels ------------------------------------------------------------------------------- */

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

/* --- settings -------------------------------------------------------------------------------- */

static void expect_refusal(const char *uri, bool strict, const char *text)
{
	const struct dict_config config = {.uri = uri, .strict = strict};
	struct dict *dict = NULL;
	struct error error = {0};

	assert_int_equal(dict_open(&config, &dict, &error), -EINVAL);
	if (!strstr(error.text, text))
		fail_msg("%s: %s", uri, error.text);
}

static void settings_that_do_not_fit_are_refused(void **state)
{
	(void)state;
	expect_refusal("redis:cluster:sentinel=x", false, "exclude each other");
	expect_refusal("redis:cluster:db=1", false, "db must be 0");
	expect_refusal("redis:cluster:path=/x", false, "path cannot be used");
	expect_refusal("redis:host=a,b", false, "several only with cluster or sentinel");
	expect_refusal("redis:cluster:host=a,", false, "Invalid host: (empty)");
	expect_refusal("redis:cluster:host=a:70000", false, "Invalid host: a:70000");
	expect_refusal("redis:cluster:host=[::1", false, "Invalid host: [::1");
	expect_refusal("redis:cluster:host=[::1]x", false, "Invalid host: [::1]x");
	expect_refusal("redis:cluster:replicas=x", false, "Invalid replicas: x");
	expect_refusal("redis:cluster", true, "Unknown parameter: cluster");
	expect_refusal("redis:host=a:7000", true, "Unknown parameter: 7000");
}

static void hosts_may_have_ports_and_brackets(void **state)
{
	static const char *const uris[] = {
		"redis:cluster:host=a:7000,[::1]:7001,b,[::2]:port=5:tls_insecure",
		"redis:host=[::1]:7000:cluster",
		"redis:sentinel=mails:host=a, b:26380 ,c:password=x",
		"redis:host=a:7000",
	};
	struct dict *dict;

	(void)state;
	for (size_t i = 0; i < sizeof(uris) / sizeof(uris[0]); i++) {
		dict = open_dict(uris[i]);
		dict_close(&dict);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(endless_moved_ends),
		cmocka_unit_test(a_redirection_to_nobody_is_tried_once),
		cmocka_unit_test(moved_leads_to_a_node_that_was_not_known),
		cmocka_unit_test(ask_is_followed_with_asking_for_each_command),
		cmocka_unit_test(what_leads_nowhere_keeps_the_records),
		cmocka_unit_test(a_node_without_a_name_is_the_one_that_answered),
		cmocka_unit_test(a_map_that_is_none_is_told),
		cmocka_unit_test(an_endless_reply_is_cut_off),
		cmocka_unit_test(a_node_that_hangs_keeps_back_only_its_own),
		cmocka_unit_test(a_node_that_dies_leaves_its_records_uncertain),
		cmocka_unit_test(each_node_gets_the_script_once),
		cmocka_unit_test(what_no_replica_has_is_not_stored_yet),
		cmocka_unit_test(surplus_replies_are_not_taken_for_the_next),
		cmocka_unit_test(a_sentinel_of_no_use_is_passed_over),
		cmocka_unit_test(a_replica_is_not_written_to),
		cmocka_unit_test(settings_that_do_not_fit_are_refused),
		cmocka_unit_test(hosts_may_have_ports_and_brackets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
