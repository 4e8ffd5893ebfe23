/* SPDX-License-Identifier: MIT */
/*
 * What dict proxy says to a dict server and makes of its answers. The transcripts are those of
 * Dovecot 2.3.13, 2.3.19.1 and 2.4.1.
 */
#include <stdlib.h>
#include <unistd.h>

#include "../cmocka_all.h"
#include "base/clock.h"
#include "recorder.h"
#include "store/dict.h"
#include "store/drivers/proxy/dict_proto.h"

#define KEY "shared/last-login/imap/u1@example.com/127.0.0.1"

struct talk {
	char dir[64], path[96];
	struct recorder recorder;
	struct dict_entry entry;
	struct error error;
	int ret;
};

/* Writes one record as the plugin does, to a server that follows the script. */
static void talk(struct talk *talk, const char *version, bool strict,
		 const struct recorder_step *script)
{
	static const struct key_part parts[] = {{"user", 23, 14}};
	char uri[128];
	const struct dict_config config = {
		.uri = uri, .strict = strict, .dovecot_version = version};
	struct dict *dict;

	snprintf(talk->dir, sizeof(talk->dir), "/tmp/test_proxy.XXXXXX");
	assert_non_null(mkdtemp(talk->dir));
	snprintf(talk->path, sizeof(talk->path), "%s/dict", talk->dir);
	recorder_start_unix(&talk->recorder, script, talk->path);
	snprintf(uri, sizeof(uri), "proxy:%s:sql", talk->path);
	assert_int_equal(dict_open(&config, &dict, NULL), 0);
	talk->entry = (struct dict_entry){.key = slice_str(KEY),
					  .value = slice_str("1795338440545"),
					  .time_ns = 1795338440545 * NS_PER_MSEC,
					  .parts = parts,
					  .part_count = 1};
	talk->error = (struct error){0};
	talk->ret = dict_write(dict, &talk->entry, 1, clock_monotonic_ns() + 20 * NS_PER_SEC,
			       &talk->error);
	dict_close(&dict);
	recorder_stop(&talk->recorder);
	unlink(talk->path);
	rmdir(talk->dir);
}

static void check_strict(const char *version, const char *expected)
{
	const struct recorder_step script[] = {
		{strlen(expected), "*1\n+1\tO1\t1795338440\t568408\t1795338440\t572691\n"},
		{0, NULL}};
	struct talk t;

	talk(&t, version, true, script);
	assert_int_equal(t.ret, 0);
	assert_int_equal(t.entry.outcome, DICT_STORED);
	assert_string_equal(t.recorder.got, expected);
}

static void strict_mode_says_what_the_plugin_says(void **state)
{
	(void)state;
	check_strict("2.3.19.1",
		     "H3\t2\t0\t\tsql\nB1\tu1@example.com\nS1\t" KEY "\t1795338440545\nC1\n");
	check_strict("2.4.1",
		     "H4\t0\t0\t\tsql\nB1\tu1@example.com\t0\nS1\t" KEY "\t1795338440545\nC1\n");
	/* The plugin names the user in its greeting, which here serves all users. */
	check_strict("2.3.13", "H2\t2\t0\t\tsql\nB1\nS1\t" KEY "\t1795338440545\nC1\n");
}

static void the_version_has_the_major(void **state)
{
	(void)state;
	check_strict("2.3.16", "H2\t2\t0\t\tsql\nB1\nS1\t" KEY "\t1795338440545\nC1\n");
	check_strict("2.3.17",
		     "H3\t2\t0\t\tsql\nB1\tu1@example.com\nS1\t" KEY "\t1795338440545\nC1\n");
	check_strict("2.4.0",
		     "H4\t0\t0\t\tsql\nB1\tu1@example.com\t0\nS1\t" KEY "\t1795338440545\nC1\n");
}

static void check_answer(const char *answer, int ret, enum dict_outcome outcome)
{
	const char said[] = "H3\t2\t0\t\tsql\nB1\tu1@example.com\nS1\t" KEY "\t1795338440545\nC1\n";
	const struct recorder_step script[] = {{sizeof(said) - 1, answer}, {0, NULL}};
	struct talk t;

	talk(&t, "2.3.21", true, script);
	if (t.ret != ret || t.entry.outcome != outcome)
		fail_msg("%s: %d, %s", answer ? answer : "reset", t.ret,
			 dict_outcome_name(t.entry.outcome));
}

static void answers_have_their_outcomes(void **state)
{
	(void)state;
	check_answer("*1\n+1\tF1\tsql dict set: Invalid/unmapped key: " KEY "\t1\t2\t3\t4\n", 0,
		     DICT_REFUSED);
	check_answer("*1\n+1\tF1\tdict-sql: Failed to set 1 fields (first x): k field's value "
		     "isn't 64bit unsigned integer: x (in pattern: y)\t1\t2\t3\t4\n",
		     0, DICT_REFUSED);
	check_answer("*1\n+1\tF1\tsql dict: commit failed: Not connected to database\n", -EAGAIN,
		     DICT_RETRY);
	check_answer("*1\n+1\tW1\ttimeout\t1\t2\t3\t4\n", -EAGAIN, DICT_UNCERTAIN);
	check_answer("O1\n", 0, DICT_STORED); /* of a server without numbers */
	check_answer("*1\n+7\tO1\n", -EPROTO, DICT_UNCERTAIN);
	check_answer("HTTP/1.1 400\n\n", -EPROTO, DICT_UNCERTAIN);
	check_answer(NULL, -ECONNRESET, DICT_UNCERTAIN);
}

/* Without a version: a server of major 4 cuts off the greeting of major 3. */
static void the_major_is_found_by_trying(void **state)
{
	const char three[] = "H3\t2\t0\t\tsql\nLshared/dovetap-probe\t\n";
	const char four[] = "H4\t0\t0\t\tsql\nLshared/dovetap-probe\t\n";
	const char set[] =
		"H4\t0\t0\t\tsql\nB1\tu1@example.com\t0\nS1\t" KEY "\t1795338440545\nC1\n";
	const struct recorder_step script[] = {
		{sizeof(three) - 1, NULL},
		{sizeof(four) - 1, "*1\n+1\tN\t1\t2\t3\t4\n"},
		{sizeof(set) - 1 - strlen("H4\t0\t0\t\tsql\n"), "*2\n+2\tO1\t1\t2\t3\t4\n"},
		{0, NULL}};
	struct talk t;

	(void)state;
	talk(&t, NULL, true, script);
	assert_int_equal(t.ret, 0);
	assert_int_equal(t.entry.outcome, DICT_STORED);
	assert_int_equal(t.recorder.connections, 2);
}

static void a_server_that_always_closes_gets_a_hint(void **state)
{
	const struct recorder_step script[] = {{5, NULL}, {5, NULL}, {5, NULL}, {0, NULL}};
	struct talk t;

	(void)state;
	talk(&t, NULL, true, script);
	assert_int_equal(t.ret, -ECONNRESET);
	assert_int_equal(t.entry.outcome, DICT_RETRY);
	assert_non_null(strstr(t.error.text, "it may have no dict 'sql'"));
}

/* A login is only written when the server's value is older, and carries its time. */
static void the_newest_wins_by_a_lookup(void **state)
{
	const char look[] = "H3\t2\t0\t\tsql\nL" KEY "\t\n";
	const char set[] =
		"H3\t2\t0\t\tsql\nB1\tu1@example.com\nT1\t1795338440\t545000000\nS1\t" KEY
		"\t1795338440545\nC1\n";
	const struct recorder_step older[] = {
		{sizeof(look) - 1, "*1\n+1\tO1795338440544\t1\t2\t3\t4\n"},
		{sizeof(set) - 1, "*1\n+1\tO1\t1\t2\t3\t4\n"},
		{0, NULL}};
	const struct recorder_step newer[] = {
		{sizeof(look) - 1, "*1\n+1\tO1795338440546\t1\t2\t3\t4\n"}, {0, NULL}};
	struct talk t;

	(void)state;
	talk(&t, "2.3.21", false, older);
	assert_int_equal(t.entry.outcome, DICT_STORED);
	assert_memory_equal(t.recorder.got + sizeof(look) - 1, set, sizeof(set) - 1);
	talk(&t, "2.3.21", false, newer);
	assert_int_equal(t.entry.outcome, DICT_UNCHANGED);
}

static void fields_are_escaped_as_dovecot_does(void **state)
{
	char line[] = "+3\tFa\1tb\1\1\1n\tc\1r\1"
		      "0\n";
	struct dict_proto_reply reply;
	struct buf out;

	(void)state;
	buf_init(&out, 1000);
	dict_proto_set(&out, 3, 1, slice_str("t\tab\\x@d"), slice_str("shared/t\tab\\x@d"),
		       slice_str("1\n2\r3\1"), -1);
	assert_string_equal(buf_str(&out), "B1\tt\1tab\\x@d\nS1\tshared/t\1tab\\x@d\t"
					   "1\1n2\1r3\1"
					   "1\nC1\n");
	buf_release(&out);
	assert_int_equal(dict_proto_parse(line, strlen(line), &reply), strlen(line));
	assert_int_equal(reply.number, 3);
	assert_int_equal(reply.result, 'F');
	assert_true(slice_equal(reply.second, (struct slice){"c\r\0", 3}));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(strict_mode_says_what_the_plugin_says),
		cmocka_unit_test(the_version_has_the_major),
		cmocka_unit_test(answers_have_their_outcomes),
		cmocka_unit_test(the_major_is_found_by_trying),
		cmocka_unit_test(a_server_that_always_closes_gets_a_hint),
		cmocka_unit_test(the_newest_wins_by_a_lookup),
		cmocka_unit_test(fields_are_escaped_as_dovecot_does),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
