/* SPDX-License-Identifier: MIT */
/*
 * What dict redis sends, byte for byte, and what it makes of answers that a healthy server does
 * not give. The transcripts of strict mode are those of Dovecot 2.3.19.1 and 2.4.1.
 */
#include "../cmocka_all.h"
#include "base/clock.h"
#include "recorder.h"
#include "store/dict.h"

#define KEY "shared/last-login/u1@example.com"

static const char plugin_plain[] =
	"*1\r\n$5\r\nMULTI\r\n"
	"*3\r\n$3\r\nSET\r\n$25\r\nlast-login/u1@example.com\r\n$10\r\n1795338170\r\n"
	"*1\r\n$4\r\nEXEC\r\n";

static const char plugin_all[] =
	"*2\r\n$4\r\nAUTH\r\n$6\r\nsekret\r\n"
	"*2\r\n$6\r\nSELECT\r\n$1\r\n2\r\n"
	"*1\r\n$5\r\nMULTI\r\n"
	"*3\r\n$3\r\nSET\r\n$26\r\nplast-login/u1@example.com\r\n$10\r\n1795338170\r\n"
	"*3\r\n$6\r\nEXPIRE\r\n$26\r\nplast-login/u1@example.com\r\n$2\r\n60\r\n"
	"*1\r\n$4\r\nEXEC\r\n";

struct talk {
	const char *value; /* NULL: the time of a login */
	bool ping, lookup; /* instead of writing */
	struct recorder recorder;
	struct dict_entry entry;
	struct error error;
	int ret;
};

static void nothing_is_found(const struct dict_record *record, void *context)
{
	(void)context;
	fail_msg("found %.*s", (int)record->key.len, record->key.ptr);
}

static int say(struct talk *talk, struct dict *dict)
{
	int64_t deadline_ns = clock_monotonic_ns() + 20 * NS_PER_SEC;

	if (talk->lookup)
		return dict_lookup(dict, slice_str("u1@example.com"), &talk->entry.key, 1,
				   deadline_ns, nothing_is_found, NULL, &talk->error);
	return talk->ping ? dict_ping(dict, deadline_ns, &talk->error)
			  : dict_write(dict, &talk->entry, 1, deadline_ns, &talk->error);
}

/* Writes one record (twice when asked) to a server that follows the script. */
static void talk(struct talk *talk, const struct recorder_step *script, const char *options,
		 bool strict, int times)
{
	char uri[128];
	const struct dict_config config = {.uri = uri, .strict = strict};
	struct dict *dict;

	recorder_start(&talk->recorder, script);
	snprintf(uri, sizeof(uri), "redis:port=%d:timeout_msecs=20000%s", talk->recorder.port,
		 options);
	assert_int_equal(dict_open(&config, &dict, NULL), 0);
	talk->entry =
		(struct dict_entry){.key = slice_str(KEY),
				    .value = slice_str(talk->value ? talk->value : "1795338170"),
				    .time_ns = 1795338170 * NS_PER_SEC};
	talk->error = (struct error){0};
	while (times-- > 0)
		talk->ret = say(talk, dict);
	dict_close(&dict);
	recorder_stop(&talk->recorder);
}

static void strict_mode_sends_what_the_plugin_sends(void **state)
{
	const struct recorder_step script[] = {
		{sizeof(plugin_plain) - 1, "+OK\r\n+QUEUED\r\n*1\r\n+OK\r\n"}, {0, NULL}};
	struct talk t = {0};

	(void)state;
	talk(&t, script, "", true, 1);
	assert_int_equal(t.ret, 0);
	assert_int_equal(t.entry.outcome, DICT_STORED);
	assert_string_equal(t.recorder.got, plugin_plain);
}

static void strict_mode_does_so_with_every_option(void **state)
{
	const size_t greeting = strlen("*2\r\n$4\r\nAUTH\r\n$6\r\nsekret\r\n"
				       "*2\r\n$6\r\nSELECT\r\n$1\r\n2\r\n");
	const struct recorder_step script[] = {
		{greeting, "+OK\r\n+OK\r\n"},
		{sizeof(plugin_all) - 1 - greeting,
		 "+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n+OK\r\n:1\r\n"},
		{0, NULL},
	};
	struct talk t = {0};

	(void)state;
	talk(&t, script, ":password=sekret:db=2:expire_secs=60:prefix=p", true, 1);
	assert_int_equal(t.ret, 0);
	assert_int_equal(t.entry.outcome, DICT_STORED);
	assert_string_equal(t.recorder.got, plugin_all);
}

/* "*5 EVALSHA sha 1 key value" is 120 bytes here. */
#define SCRIPT_BYTES 120

static void a_server_without_the_script_gets_it(void **state)
{
	const struct recorder_step script[] = {
		{SCRIPT_BYTES, "-NOSCRIPT No matching script. Please use EVAL.\r\n"},
		{500, ":1\r\n"},
		{0, NULL},
	};
	struct talk t = {0};

	(void)state;
	talk(&t, script, "", false, 1);
	assert_int_equal(t.ret, 0);
	assert_int_equal(t.entry.outcome, DICT_STORED);
	assert_memory_equal(t.recorder.got, "*5\r\n$7\r\nEVALSHA\r\n$40\r\n", 22);
	assert_memory_equal(t.recorder.got + SCRIPT_BYTES, "*5\r\n$4\r\nEVAL\r\n$", 15);
}

static void answers_that_pass_keep_the_record(void **state)
{
	static const char *const answers[] = {
		"-OOM command not allowed when used memory > 'maxmemory'.\r\n",
		"-LOADING Redis is loading the dataset in memory\r\n",
		"-READONLY You can't write against a read only replica.\r\n",
		"-MOVED 1234 127.0.0.1:7001\r\n",
		"-CLUSTERDOWN The cluster is down\r\n",
		"-MISCONF Redis is configured to save RDB snapshots\r\n",
		"-NOAUTH Authentication required.\r\n",
		"-NOPERM this user has no permissions to run the 'evalsha' command\r\n",
		"-BUSY Redis is busy running a script.\r\n",
		"-ERR something new\r\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		const struct recorder_step script[] = {{SCRIPT_BYTES, answers[i]}, {0, NULL}};
		struct talk t = {0};

		talk(&t, script, "", false, 1);
		assert_int_equal(t.ret, -EAGAIN);
		assert_int_equal(t.entry.outcome, DICT_RETRY);
		assert_memory_equal(t.error.text, answers[i] + 1, strlen(answers[i]) - 3);
	}
}

static void an_answer_about_the_record_itself_refuses_it(void **state)
{
	const struct recorder_step script[] = {
		{SCRIPT_BYTES, "-ERR string exceeds maximum allowed size (proto-max-bulk-len)\r\n"},
		{0, NULL}};
	struct talk t = {0};

	(void)state;
	talk(&t, script, "", false, 1);
	assert_int_equal(t.ret, 0);
	assert_int_equal(t.entry.outcome, DICT_REFUSED);
}

static void no_answer_leaves_the_record_uncertain(void **state)
{
	const struct recorder_step script[] = {{SCRIPT_BYTES, NULL}, {0, NULL}};
	struct talk t = {0};

	(void)state;
	talk(&t, script, "", false, 1);
	assert_true(t.ret < 0);
	assert_int_equal(t.entry.outcome, DICT_UNCERTAIN);
}

static void garbage_is_not_taken_for_an_answer(void **state)
{
	const struct recorder_step script[] = {{SCRIPT_BYTES, "HTTP/1.1 400 Bad Request\r\n\r\n"},
					       {0, NULL}};
	struct talk t = {0};

	(void)state;
	talk(&t, script, "", false, 1);
	assert_int_equal(t.ret, -EPROTO);
	assert_int_equal(t.entry.outcome, DICT_UNCERTAIN);
}

/* What a POP3 server, say, greets with is a fine status in Redis' protocol. */
static const char pop3[] = "+OK Dovecot (Debian) ready.\r\n";

static void expect_no_redis(const struct recorder_step *script, const char *options, bool strict,
			    enum dict_outcome outcome)
{
	struct talk t = {0};

	talk(&t, script, options, strict, 1);
	assert_int_equal(t.ret, -EPROTO);
	assert_int_equal(t.entry.outcome, outcome);
	assert_string_equal(t.error.text, "unexpected reply \"OK Dovecot (Debian) ready.\": "
					  "is this Redis?");
}

static void another_kind_of_server_stores_nothing(void **state)
{
	const struct recorder_step script[] = {{SCRIPT_BYTES, pop3}, {0, NULL}};
	const struct recorder_step multi[] = {{sizeof(plugin_plain) - 1, pop3}, {0, NULL}};
	const struct recorder_step exec[] = {
		{sizeof(plugin_plain) - 1, "+OK\r\n+QUEUED\r\n+OK Dovecot (Debian) ready.\r\n"},
		{0, NULL}};

	(void)state;
	expect_no_redis(script, "", false, DICT_UNCERTAIN);
	expect_no_redis(multi, "", true, DICT_UNCERTAIN);
	expect_no_redis(exec, "", true, DICT_UNCERTAIN);
}

static void another_kind_of_server_is_recognised_by_its_greeting(void **state)
{
	const struct recorder_step db[] = {{strlen("*2\r\n$6\r\nSELECT\r\n$1\r\n2\r\n"), pop3},
					   {0, NULL}};
	const struct recorder_step role[] = {{strlen("*1\r\n$4\r\nROLE\r\n"), pop3}, {0, NULL}};

	(void)state;
	expect_no_redis(db, ":db=2", false, DICT_RETRY);
	expect_no_redis(role, ":replicas=1", false, DICT_RETRY);
}

static void a_field_is_stored_when_redis_says_so(void **state)
{
	const char set[] = "*3\r\n$3\r\nSET\r\n$25\r\nlast-login/u1@example.com\r\n$4\r\nimap\r\n";
	const struct recorder_step good[] = {{sizeof(set) - 1, "+OK\r\n"}, {0, NULL}};
	const struct recorder_step bad[] = {{sizeof(set) - 1, pop3}, {0, NULL}};
	struct talk t = {.value = "imap"};

	(void)state;
	talk(&t, good, "", false, 1);
	assert_string_equal(t.recorder.got, set);
	assert_int_equal(t.entry.outcome, DICT_STORED);
	talk(&t, bad, "", false, 1);
	assert_int_equal(t.entry.outcome, DICT_UNCERTAIN);
}

/* For "dovetap check". */
static void only_a_pong_answers_a_ping(void **state)
{
	const struct recorder_step script[] = {{strlen("*1\r\n$4\r\nPING\r\n"), pop3}, {0, NULL}};
	struct talk t = {.ping = true};

	(void)state;
	talk(&t, script, "", false, 1);
	assert_int_equal(t.ret, -EPROTO);
}

/* Else somebody would be told never to have logged in. */
static void another_kind_of_server_is_no_empty_store(void **state)
{
	const struct recorder_step script[] = {
		{strlen("*2\r\n$3\r\nGET\r\n$25\r\nlast-login/u1@example.com\r\n"), pop3},
		{0, NULL}};
	struct talk t = {.lookup = true};

	(void)state;
	talk(&t, script, "", false, 1);
	assert_int_equal(t.ret, -EPROTO);
}

static void a_read_only_replica_is_left_for_a_new_connection(void **state)
{
	const struct recorder_step script[] = {
		{SCRIPT_BYTES, "-READONLY You can't write against a read only replica.\r\n"},
		{SCRIPT_BYTES, ":1\r\n"},
		{0, NULL}};
	struct talk t = {0};

	(void)state;
	talk(&t, script, "", false, 2);
	assert_int_equal(t.recorder.connections, 2);
	assert_int_equal(t.entry.outcome, DICT_STORED);
}

/* Servers that do not know AUTH repeat its arguments in their error. */
static void the_password_never_shows(void **state)
{
	const struct recorder_step script[] = {
		{strlen("*2\r\n$4\r\nAUTH\r\n$6\r\nsekret\r\n"),
		 "-ERR unknown command `AUTH`, with args beginning with: `sekret`, \r\n"},
		{0, NULL}};
	struct talk t = {0};

	(void)state;
	talk(&t, script, ":password=sekret", false, 1);
	assert_int_equal(t.ret, -EACCES);
	assert_int_equal(t.entry.outcome, DICT_RETRY);
	assert_null(strstr(t.error.text, "sekret"));
	assert_null(strstr(t.entry.reason, "sekret"));
}

static void a_user_name_goes_with_its_password(void **state)
{
	const char auth[] = "*3\r\n$4\r\nAUTH\r\n$2\r\nme\r\n$6\r\nsekret\r\n";
	const struct recorder_step script[] = {
		{sizeof(auth) - 1, "-WRONGPASS invalid username-password pair\r\n"}, {0, NULL}};
	struct talk t = {0};

	(void)state;
	talk(&t, script, ":username=me:password=sekret", false, 1);
	assert_string_equal(t.recorder.got, auth);
	assert_string_equal(t.error.text, "WRONGPASS invalid username-password pair");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(strict_mode_sends_what_the_plugin_sends),
		cmocka_unit_test(strict_mode_does_so_with_every_option),
		cmocka_unit_test(a_server_without_the_script_gets_it),
		cmocka_unit_test(answers_that_pass_keep_the_record),
		cmocka_unit_test(an_answer_about_the_record_itself_refuses_it),
		cmocka_unit_test(no_answer_leaves_the_record_uncertain),
		cmocka_unit_test(garbage_is_not_taken_for_an_answer),
		cmocka_unit_test(another_kind_of_server_stores_nothing),
		cmocka_unit_test(another_kind_of_server_is_recognised_by_its_greeting),
		cmocka_unit_test(a_field_is_stored_when_redis_says_so),
		cmocka_unit_test(only_a_pong_answers_a_ping),
		cmocka_unit_test(another_kind_of_server_is_no_empty_store),
		cmocka_unit_test(a_read_only_replica_is_left_for_a_new_connection),
		cmocka_unit_test(the_password_never_shows),
		cmocka_unit_test(a_user_name_goes_with_its_password),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
