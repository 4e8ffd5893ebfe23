/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../cmocka_all.h"
#include "capture/replay.h"

static char path[] = "/tmp/dovetap-replay-XXXXXX";

static int make_path(void **state)
{
	int fd = mkstemp(path);

	(void)state;
	return fd < 0 ? -1 : close(fd);
}

static int remove_path(void **state)
{
	(void)state;
	return unlink(path);
}

static void record_two(void)
{
	const struct clock_offset offset = {.wall_minus_boot = 12345};
	struct recorder *recorder;

	assert_int_equal(recorder_open(path, &offset, &recorder, NULL), 0);
	assert_int_equal(recorder_write(recorder, slice_str("first"), NULL), 0);
	assert_int_equal(recorder_write(recorder, slice_str("second"), NULL), 0);
	assert_int_equal(recorder_close(&recorder, NULL), 0);
}

/* Also one that was there before, for all to read. */
static void a_recording_is_its_owners_alone(void **state)
{
	struct stat st;

	(void)state;
	for (int i = 0; i < 2; i++) {
		record_two();
		assert_int_equal(stat(path, &st), 0);
		assert_int_equal(st.st_mode & 07777, 0600);
		assert_int_equal(chmod(path, 0644), 0);
	}
}

static void records_come_back_in_order(void **state)
{
	struct event_source *source;
	struct clock_offset offset;
	struct slice record;
	uint64_t position;

	(void)state;
	record_two();
	assert_int_equal(replay_open(path, &source, &offset, NULL), 0);
	assert_int_equal(offset.wall_minus_boot, 12345);
	assert_int_equal(source->ops->peek(source, &record, &position, NULL), 1);
	assert_true(slice_is(record, "first"));
	assert_int_equal(source->ops->peek(source, &record, &position, NULL), 1);
	assert_true(slice_is(record, "second"));
	assert_int_equal(source->ops->peek(source, &record, &position, NULL), -ENODATA);
	source->ops->close(source);
}

static void an_early_end_is_reported_with_its_place(void **state)
{
	struct event_source *source;
	struct clock_offset offset;
	struct slice record;
	struct error error;
	uint64_t position;

	(void)state;
	record_two();
	assert_int_equal(truncate(path, 24 + 4 + 5 + 4 + 3), 0);
	assert_int_equal(replay_open(path, &source, &offset, NULL), 0);
	assert_int_equal(source->ops->peek(source, &record, &position, &error), 1);
	assert_int_equal(source->ops->peek(source, &record, &position, &error), -EBADMSG);
	assert_non_null(strstr(error.text, "byte 33: the record ends early"));
	source->ops->close(source);
}

static void another_kind_of_file_is_refused(void **state)
{
	struct event_source *source;
	struct clock_offset offset;
	struct error error;

	(void)state;
	assert_int_equal(truncate(path, 0), 0);
	assert_int_equal(replay_open(path, &source, &offset, &error), -EPROTO);
	assert_non_null(strstr(error.text, "not a file of recorded dovetap events"));
	assert_int_equal(replay_open("/nonexistent/x", &source, &offset, &error), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_recording_is_its_owners_alone),
		cmocka_unit_test(records_come_back_in_order),
		cmocka_unit_test(an_early_end_is_reported_with_its_place),
		cmocka_unit_test(another_kind_of_file_is_refused),
	};

	return cmocka_run_group_tests(tests, make_path, remove_path);
}
