/* SPDX-License-Identifier: MIT */
#include <errno.h>

#include "../cmocka_all.h"
#include "cli/ask_wire.h"

static struct buf seen;

static int note(const struct roster_record *record, void *context, struct error *error_r)
{
	(void)context;
	assert_int_equal(record->user.len, 0);
	if (slice_is(record->value, "stop"))
		return error_set(error_r, ECANCELED, "stop");
	buf_append_slice(&seen, record->service);
	buf_append_char(&seen, '|');
	buf_append_slice(&seen, record->remote_ip);
	buf_append_char(&seen, '|');
	buf_append_slice(&seen, record->value);
	buf_appendf(&seen, "|%lld|%d;", (long long)record->time_ns, (int)record->class);
	return 0;
}

static int parse(struct slice answer, struct ask_since *since)
{
	struct error error;

	buf_release(&seen);
	buf_init(&seen, 1 << 20);
	return ask_wire_parse(answer, since, note, NULL, &error);
}

static void what_is_written_is_read(void **state)
{
	const struct roster_record records[] = {
		{.service = slice_str("imap"),
		 .remote_ip = slice_str("192.0.2.1"),
		 .value = slice_str("1764500000"),
		 .time_ns = 1764500000000000000,
		 .class = SERVICE_LOGIN},
		{.service = slice_str("a\tb\nc\xff"),
		 .value = {"\0", 1},
		 .time_ns = -1,
		 .class = SERVICE_OTHER},
	};
	struct ask_since since = {.from_ns = 5}, got;
	struct buf wire;

	(void)state;
	buf_init(&wire, 1 << 20);
	ask_wire_add_since(&wire, &since);
	for (size_t i = 0; i < 2; i++)
		ask_wire_add_record(&wire, &records[i]);
	assert_int_equal(parse(buf_slice(&wire), &got), 0);
	assert_int_equal(got.from_ns, 5);
	assert_int_equal(got.error.code, 0);
	assert_int_equal(seen.len, strlen("imap|192.0.2.1|1764500000|1764500000000000000|0;"
					  "a\tb\nc\xff||0|-1|2;"));
	assert_memory_equal(buf_str(&seen),
			    "imap|192.0.2.1|1764500000|1764500000000000000|0;"
			    "a\tb\nc\xff||\0|-1|2;",
			    seen.len);
	buf_release(&wire);
	buf_release(&seen);
}

static void since_may_be_unknown(void **state)
{
	struct ask_since since = {.from_ns = 0}, got;
	struct buf wire;

	(void)state;
	error_set(&since.error, ENOENT, "nobody\tknows");
	buf_init(&wire, 1 << 20);
	ask_wire_add_since(&wire, &since);
	assert_int_equal(parse(buf_slice(&wire), &got), 0);
	assert_int_equal(got.error.code, ENOENT);
	assert_non_null(strstr(got.error.text, "nobody"));
	buf_release(&wire);
	buf_release(&seen);
}

static void other_texts_are_refused(void **state)
{
	static const char *const wrong[] = {
		"",
		"\n",
		"since\n",
		"since\t1\n",
		"since\t1\t0\n",
		"since\tx\t0\t\n",
		"since\t-1\t0\t\n",
		"since\t1\t-1\t\n",
		"since\t1\t5000\t\n",
		"record\t\t\t\t1\t0\n",
		"since\t1\t0\t\nrecord\n",
		"since\t1\t0\t\nrecord\t\t\t\t1\n",
		"since\t1\t0\t\nrecord\t6\t\t\t1\t0\n",
		"since\t1\t0\t\nrecord\tgg\t\t\t1\t0\n",
		"since\t1\t0\t\nrecord\tAA\t\t\t1\t0\n",
		"since\t1\t0\t\nrecord\t\t\t\t\t0\n",
		"since\t1\t0\t\nrecord\t\t\t\t 1\t0\n",
		"since\t1\t0\t\nrecord\t\t\t\t-2\t0\n",
		"since\t1\t0\t\nrecord\t\t\t\t99999999999999999999\t0\n",
		"since\t1\t0\t\nrecord\t\t\t\t1\t3\n",
		"since\t1\t0\t\nrecord\t\t\t\t1\t-1\n",
		"since\t1\t0\t\nrecord\t\t\t\t1\t0\t0\n",
		"since\t1\t0\t\n\n",
	};
	struct ask_since got;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		if (parse(slice_str(wrong[i]), &got) != -EPROTO)
			fail_msg("taken: %s", wrong[i]);
	}
	assert_int_equal(parse(slice_str("since\t1\t0\t\nrecord\t\t\t73746f70\t1\t0\n"), &got),
			 -ECANCELED);
	buf_release(&seen);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_read),
		cmocka_unit_test(since_may_be_unknown),
		cmocka_unit_test(other_texts_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
