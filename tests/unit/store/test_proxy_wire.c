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

#define GREETING "H3\t2\t0\t\tsql\n"
#define VALUE	 "1795338440545"
#define SET	 "B1\tu1@example.com\nS1\t" KEY "\t" VALUE "\nC1\n"
#define STORED	 "*1\n+1\tO1\t1795338440\t568408\t1795338440\t572691\n"

static struct dict *talk_begin(struct talk *talk, const char *version, bool strict, bool own,
			       const struct recorder_step *script)
{
	char uri[128];
	const struct dict_config config = {
		.uri = uri, .strict = strict, .dovecot_version = version, .base_dir = talk->dir};
	struct dict *dict;

	snprintf(talk->dir, sizeof(talk->dir), "/tmp/test_proxy.XXXXXX");
	assert_non_null(mkdtemp(talk->dir));
	snprintf(talk->path, sizeof(talk->path), "%s/dict", talk->dir);
	recorder_start_unix(&talk->recorder, script, talk->path);
	snprintf(uri, sizeof(uri), "proxy:%s:sql", own ? "" : talk->path);
	assert_int_equal(dict_open(&config, &dict, NULL), 0);
	return dict;
}

static struct dict_entry entry_of(const char *key)
{
	static const struct key_part parts[] = {{"user", 23, 14}};

	return (struct dict_entry){.key = slice_str(key),
				   .value = slice_str(VALUE),
				   .time_ns = 1795338440545 * NS_PER_MSEC,
				   .parts = parts,
				   .part_count = 1};
}

static void talk_write(struct talk *talk, struct dict *dict, struct dict_entry *entries,
		       size_t count)
{
	talk->error = (struct error){0};
	talk->ret = dict_write(dict, entries, count, clock_monotonic_ns() + 20 * NS_PER_SEC,
			       &talk->error);
}

static void talk_end(struct talk *talk, struct dict *dict)
{
	dict_close(&dict);
	recorder_stop(&talk->recorder);
	unlink(talk->path);
	rmdir(talk->dir);
}

/* Writes one record as the plugin does, to a server that follows the script. */
static void talk(struct talk *talk, const char *version, bool strict,
		 const struct recorder_step *script)
{
	struct dict *dict = talk_begin(talk, version, strict, false, script);

	talk->entry = entry_of(KEY);
	talk_write(talk, dict, &talk->entry, 1);
	talk_end(talk, dict);
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
	check_strict("2.3.13",
		     "H2\t2\t0\tu1@example.com\tsql\nB1\nS1\t" KEY "\t1795338440545\nC1\n");
}

static void the_version_has_the_major(void **state)
{
	(void)state;
	check_strict("2.3.16",
		     "H2\t2\t0\tu1@example.com\tsql\nB1\nS1\t" KEY "\t1795338440545\nC1\n");
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
}

/* Without a version: a server of major 4 cuts off the greeting of major 3, with a record or not. */
static void the_major_is_found_by_trying(void **state)
{
	const char set[] =
		"H4\t0\t0\t\tsql\nB1\tu1@example.com\t0\nS1\t" KEY "\t1795338440545\nC1\n";
	const struct recorder_step script[] = {{sizeof(GREETING SET) - 1, NULL},
					       {sizeof(GREETING) - 1, NULL},
					       {sizeof(set) - 1, STORED},
					       {0, NULL}};
	struct talk t;

	(void)state;
	talk(&t, NULL, true, script);
	assert_int_equal(t.ret, 0);
	assert_int_equal(t.entry.outcome, DICT_STORED);
	assert_int_equal(t.recorder.connections, 4); /* the third has the greeting alone */
}

static void a_server_that_always_closes_gets_a_hint(void **state)
{
	const struct recorder_step script[] = {
		{5, NULL}, {5, NULL}, {5, NULL}, {5, NULL}, {0, NULL}};
	struct talk t;

	(void)state;
	talk(&t, NULL, true, script);
	assert_int_equal(t.ret, -ECONNRESET);
	assert_int_equal(t.entry.outcome, DICT_UNCERTAIN);
	assert_non_null(strstr(t.error.text, "it may have no dict 'sql'"));
}

/* Like a server in Python whose handler fails at that user: it must cost that record alone. */
static void a_record_at_which_the_server_hangs_up_is_refused(void **state)
{
	const struct recorder_step script[] = {{sizeof(GREETING SET) - 1, NULL},
					       {sizeof(GREETING SET) - 1, NULL},
					       {sizeof(GREETING SET) - 1, "O\n"},
					       {0, NULL}};
	struct dict_entry entries[] = {entry_of(KEY), entry_of(KEY)};
	struct talk t;
	struct dict *dict = talk_begin(&t, NULL, false, false, script);

	(void)state;
	talk_write(&t, dict, entries, 2);
	talk_end(&t, dict);
	assert_int_equal(t.ret, 0);
	assert_int_equal(entries[0].outcome, DICT_REFUSED);
	assert_non_null(strstr(entries[0].reason, "ends the connection at this record"));
	assert_int_equal(entries[1].outcome, DICT_STORED);
}

/* A batch of Dovecot's server: what was answered before it hung up is not sent again. */
static void the_first_record_without_an_answer_is_tried_alone(void **state)
{
	const char look[] = GREETING "L" KEY "\t\nL" KEY "2\t\n";
	const char none[] = "*1\n*2\n+1\tN\t1\t2\t3\t4\n+2\tN\t1\t2\t3\t4\n";
	const char first[] = GREETING "B1\tu1@example.com\nT1\t1795338440\t545000000\nS1\t" KEY
				      "\t" VALUE "\nC1\n";
	const char second[] =
		"B2\tu1@example.com\nT2\t1795338440\t545000000\nS2\t" KEY "2\t" VALUE "\nC2\n";
	const struct recorder_step script[] = {{sizeof(look) - 1, none},
					       {sizeof(first) - 1, STORED},
					       {sizeof(second) - 1, NULL},
					       {sizeof(first), STORED}, /* its key is longer */
					       {0, NULL}};
	struct dict_entry entries[] = {entry_of(KEY), entry_of(KEY "2")};
	struct talk t;
	struct dict *dict = talk_begin(&t, "2.3.21", false, true, script);

	(void)state;
	talk_write(&t, dict, entries, 2);
	talk_end(&t, dict);
	assert_int_equal(t.ret, 0);
	assert_int_equal(entries[0].outcome, DICT_STORED);
	assert_int_equal(entries[1].outcome, DICT_STORED);
	assert_int_equal(t.recorder.connections, 3);
}

/* A login is only written when the server's value is older, and carries its time. */
static void the_newest_wins_by_a_lookup(void **state)
{
	const char look[] = GREETING "L" KEY "\t\n";
	const char set[] = GREETING "B1\tu1@example.com\nT1\t1795338440\t545000000\nS1\t" KEY
				    "\t1795338440545\nC1\n";
	const struct recorder_step older[] = {
		{sizeof(look) - 1, "*1\n+1\tO1795338440544\t1\t2\t3\t4\n"},
		{sizeof(set) - 1, STORED},
		{0, NULL}};
	const struct recorder_step newer[] = {
		{sizeof(look) - 1, "*1\n+1\tO1795338440546\t1\t2\t3\t4\n"}, {0, NULL}};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct dict_entry entry = entry_of(KEY);
		struct talk t;
		struct dict *dict = talk_begin(&t, "2.3.21", false, true, i == 0 ? older : newer);

		talk_write(&t, dict, &entry, 1);
		talk_end(&t, dict);
		assert_int_equal(entry.outcome, i == 0 ? DICT_STORED : DICT_UNCHANGED);
		if (i == 0)
			assert_memory_equal(t.recorder.got + sizeof(look) - 1, set,
					    sizeof(set) - 1);
	}
}

/* Until it answers as Dovecot does, a server receives what the plugin sends, one record a
 * connection; and for ever when it does not. */
static void an_unknown_server_receives_what_the_plugin_sends(void **state)
{
	const struct recorder_step plain[] = {{sizeof(GREETING SET) - 1, "O\n"},
					      {sizeof(GREETING SET) - 1, "O\n"},
					      {sizeof(GREETING SET) - 1, "O\n"},
					      {0, NULL}};
	const struct recorder_step dovecots[] = {
		{sizeof(GREETING SET) - 1, STORED},
		{sizeof(GREETING "L" KEY "\t\n") - 1, "*1\n+1\tN\t1\t2\t3\t4\n"},
		{sizeof(GREETING SET "T1\t1795338440\t545000000\n") - 1, STORED},
		{0, NULL}};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct dict_entry entries[3];
		struct talk t;
		struct dict *dict = talk_begin(&t, NULL, false, false, i == 0 ? plain : dovecots);

		entries[0] = entries[1] = entries[2] = entry_of(KEY);
		talk_write(&t, dict, entries, 1);
		talk_write(&t, dict, entries + 1, i == 0 ? 2 : 1);
		talk_end(&t, dict);
		assert_int_equal(entries[0].outcome, DICT_STORED);
		assert_int_equal(entries[1].outcome, DICT_STORED);
		assert_int_equal(t.recorder.connections, 3);
		assert_memory_equal(t.recorder.got, GREETING SET, sizeof(GREETING SET) - 1);
		if (i == 0)
			assert_string_equal(t.recorder.got, GREETING SET GREETING SET GREETING SET);
	}
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
		cmocka_unit_test(a_record_at_which_the_server_hangs_up_is_refused),
		cmocka_unit_test(the_first_record_without_an_answer_is_tried_alone),
		cmocka_unit_test(the_newest_wins_by_a_lookup),
		cmocka_unit_test(an_unknown_server_receives_what_the_plugin_sends),
		cmocka_unit_test(fields_are_escaped_as_dovecot_does),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
