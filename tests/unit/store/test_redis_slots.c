/* SPDX-License-Identifier: MIT */
/* Which slot a key has, and what is taken for a map of the slots or for a redirection. */
#include <errno.h>
#include <hiredis/hiredis.h>
#include <stdio.h>

#include "../cmocka_all.h"
#include "store/drivers/redis/resp.h"
#include "store/drivers/redis/slots.h"

static unsigned int slot(const char *key)
{
	return slot_of(slice_str(key));
}

/* What a real server answers to CLUSTER KEYSLOT. */
static void slots_are_those_of_redis(void **state)
{
	(void)state;
	assert_int_equal(slot("123456789"), 12739);
	assert_int_equal(slot("foo"), 12182);
	assert_int_equal(slot("bar"), 5061);
	assert_int_equal(slot(""), 0);
	assert_int_equal(slot("last-login/imap/user@example.com"), 11306);
	assert_int_equal(slot_of((struct slice){"\0\xff", 2}), 7920);
}

static void braces_decide_alone(void **state)
{
	(void)state;
	assert_int_equal(slot("{user1000}.following"), slot("user1000"));
	assert_int_equal(slot("foo{bar}{zap}"), slot("bar"));
	assert_int_equal(slot("foo{{bar}}zap"), slot("{bar"));
	assert_int_equal(slot("foo{}{bar}"), 8363);
	assert_int_equal(slot("foo{bar"), 15278);
	assert_int_equal(slot("{"), 4092);
}

/* --- maps ---------------------------------------------------------------------------------- */

struct read {
	char text[512];
	int ret;
	struct error error;
};

static int on_range(const struct slot_range *range, void *context, struct error *error_r)
{
	struct read *read = context;
	size_t len = strlen(read->text);

	(void)error_r;
	snprintf(read->text + len, sizeof(read->text) - len, "%u-%u %.*s:%d ", range->first,
		 range->last, (int)range->host.len, range->host.ptr, (int)range->port);
	return 0;
}

static struct read read_map(const char *protocol)
{
	struct read read = {.ret = -1};
	redisReader *reader = redisReaderCreate();
	void *reply = NULL;

	assert_int_equal(redisReaderFeed(reader, protocol, strlen(protocol)), REDIS_OK);
	assert_int_equal(redisReaderGetReply(reader, &reply), REDIS_OK);
	assert_non_null(reply);
	read.ret = slot_ranges_read(reply, on_range, &read, &read.error);
	freeReplyObject(reply);
	redisReaderFree(reader);
	return read;
}

#define NODE(host, port) "*3\r\n" host ":" port "\r\n$2\r\nid\r\n"
#define HOST		 "$9\r\n127.0.0.1\r\n"

static void a_map_is_read(void **state)
{
	const struct read read = read_map(
		"*3\r\n"
		"*4\r\n:0\r\n:5460\r\n" NODE(HOST, "7000")
			NODE(HOST, "7001") "*3\r\n:5461\r\n:5461\r\n" NODE(
				"$-1\r\n", "7002") "*3\r\n:5462\r\n:16383\r\n" NODE("$1\r\n?\r\n",
										    "65535"));

	(void)state;
	assert_int_equal(read.ret, 0);
	assert_string_equal(read.text, "0-5460 127.0.0.1:7000 5461-5461 :7002 5462-16383 :65535 ");
}

static void anything_else_is_none_of_it_read(void **state)
{
	static const char *const replies[] = {
		"+OK\r\n",
		":1\r\n",
		"$5\r\nhello\r\n",
		"*1\r\n:1\r\n",
		"*1\r\n*0\r\n",
		"*1\r\n*2\r\n:0\r\n:1\r\n",
		"*1\r\n*3\r\n:0\r\n:16384\r\n" NODE(HOST, "7000"),
		"*1\r\n*3\r\n:-1\r\n:1\r\n" NODE(HOST, "7000"),
		"*1\r\n*3\r\n:2\r\n:1\r\n" NODE(HOST, "7000"),
		"*1\r\n*3\r\n:0\r\n:1\r\n" NODE(HOST, "0"),
		"*1\r\n*3\r\n:0\r\n:1\r\n" NODE(HOST, "65536"),
		"*1\r\n*3\r\n:0\r\n:1\r\n*1\r\n" HOST,
		"*1\r\n*3\r\n:0\r\n:1\r\n" NODE(":1\r\n", "1"),
		"*1\r\n*3\r\n$1\r\n0\r\n:1\r\n" NODE(HOST, "1"),
		"*2\r\n*3\r\n:0\r\n:1\r\n" NODE(HOST, "1") "*1\r\n:2\r\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(replies) / sizeof(replies[0]); i++) {
		const struct read read = read_map(replies[i]);

		assert_int_equal(read.ret, -EPROTO);
		assert_string_equal(read.text, "");
		assert_non_null(strstr(read.error.text, "CLUSTER SLOTS"));
	}
}

/* --- redirections -------------------------------------------------------------------------- */

static void expect_redirect(const char *reply, bool ask, const char *host, int64_t port)
{
	struct resp_redirect to;

	assert_true(resp_redirect_parse(reply, &to));
	assert_int_equal(to.ask, ask);
	assert_true(slice_is(to.host, host));
	assert_int_equal(to.port, port);
}

static void redirections_are_read(void **state)
{
	(void)state;
	expect_redirect("MOVED 3999 127.0.0.1:6381", false, "127.0.0.1", 6381);
	expect_redirect("ASK 0 node.example.com:1", true, "node.example.com", 1);
	expect_redirect("MOVED 16383 ::1:6381", false, "::1", 6381);
	expect_redirect("MOVED 16383 :6381", false, "", 6381);
}

static void redirections_to_nowhere_are_none(void **state)
{
	static const char *const replies[] = {
		"MOVED",	"MOVED ",	 "MOVED 1",	 "MOVED 1 ",
		"MOVED 1 host", "MOVED 1 host:", "MOVED 1 h:0",	 "MOVED 1 h:65536",
		"MOVED 1 h:1x", "MOVED 1 h:-1",	 "MOVED x h:1",	 "MOVED 16384 h:1",
		"MOVED -1 h:1", "TRYAGAIN",	 "ASKING 1 h:1", "MOVED 1 h:99999999999999999999",
	};
	struct resp_redirect to;
	char long_host[400] = "MOVED 1 ";

	(void)state;
	for (size_t i = 0; i < sizeof(replies) / sizeof(replies[0]); i++) {
		if (resp_redirect_parse(replies[i], &to))
			fail_msg("%s", replies[i]);
	}
	memset(long_host + 8, 'h', 300);
	memcpy(long_host + 308, ":1", 3);
	assert_false(resp_redirect_parse(long_host, &to));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(slots_are_those_of_redis),
		cmocka_unit_test(braces_decide_alone),
		cmocka_unit_test(a_map_is_read),
		cmocka_unit_test(anything_else_is_none_of_it_read),
		cmocka_unit_test(redirections_are_read),
		cmocka_unit_test(redirections_to_nowhere_are_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
