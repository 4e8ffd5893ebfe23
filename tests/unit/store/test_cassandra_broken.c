/* SPDX-License-Identifier: MIT */
/* Servers that are broken. */
#include "cassandra_case.h"

enum breakage {
	OVERSIZED,
	WRONG_STREAM,
	NEGATIVE_STREAM,
	UNKNOWN_OPCODE,
	REQUEST_OPCODE,
	TRUNCATED,
	GARBAGE,
	MALFORMED,
	COMPRESSED,
	EVENT_ON_STREAM,
	ANSWER_TWICE,
	HANG_UP,
	SILENCE,
	BREAKAGE_COUNT
};

static enum fake_action break_at(struct fake_cql *fake, const struct fake_frame *frame,
				 struct buf *out, uint8_t opcode)
{
	if (frame->opcode != opcode)
		return FAKE_DEFAULT;
	switch ((enum breakage)fake->knob) {
	case OVERSIZED:
		buf_append(out, "\x84\0\0\0\x08\x7f\xff\xff\xff", 9);
		return FAKE_DONE;
	case WRONG_STREAM:
		fake_put(out, 4, CQL_READY, (int16_t)(frame->stream + 77), (struct slice){0});
		return FAKE_DONE;
	case NEGATIVE_STREAM:
		fake_put(out, 4, CQL_READY, -2, (struct slice){0});
		return FAKE_DONE;
	case UNKNOWN_OPCODE:
		fake_put(out, 4, 0x66, frame->stream, (struct slice){0});
		return FAKE_DONE;
	case REQUEST_OPCODE:
		fake_put(out, 4, CQL_EXECUTE, frame->stream, (struct slice){0});
		return FAKE_DONE;
	case TRUNCATED:
		buf_append(out, "\x84\0\0\0\x08\0\0\0\x20half of it", 19);
		return FAKE_CLOSE;
	case GARBAGE:
		buf_append(out, "\x15\x03\x01\x00\x02\x02\x50HTTP/1.1 400 Bad Request\r\n", 33);
		return FAKE_DONE;
	case MALFORMED:
		fake_put(out, 4, CQL_RESULT, frame->stream, (struct slice){"\0\0\0\4\xff\xff", 6});
		return FAKE_DONE;
	case COMPRESSED:
		buf_append(out, "\x84\x01\0\0\x08\0\0\0\0", 9);
		return FAKE_DONE;
	case EVENT_ON_STREAM:
		fake_put(out, 4, CQL_EVENT, frame->stream, (struct slice){"\0\1x\0\1y", 6});
		return FAKE_DONE;
	case ANSWER_TWICE:
		fake_answer(fake, frame, out);
		fake_answer(fake, frame, out);
		return FAKE_DONE;
	case HANG_UP:
		return FAKE_CLOSE;
	default:
		return FAKE_DONE;
	}
}

static enum fake_action break_options(struct fake_cql *fake, const struct fake_frame *frame,
				      struct buf *out)
{
	return break_at(fake, frame, out, CQL_OPTIONS);
}

static enum fake_action break_prepare(struct fake_cql *fake, const struct fake_frame *frame,
				      struct buf *out)
{
	return break_at(fake, frame, out, CQL_PREPARE);
}

static enum fake_action break_execute(struct fake_cql *fake, const struct fake_frame *frame,
				      struct buf *out)
{
	return break_at(fake, frame, out, CQL_EXECUTE);
}

static void a_broken_start_ends_with_a_reason(void **state)
{
	int knob;

	(void)state;
	for (knob = 0; knob < BREAKAGE_COUNT; knob++) {
		struct fake_cql fake = {.twist = break_options, .knob = knob};
		struct harness harness;

		fake_start(&fake);
		harness_up(&harness, &fake, "connect_timeout=200ms");
		assert_true(write_some(&harness, 5, 30) < 0);
		check_all(&harness, 5, DICT_RETRY);
		check_error(&harness, "no Cassandra node can be used: 127.0.0.1:");
		tear_down(&harness);
		fake_stop(&fake);
		assert_int_equal(fake.count[CQL_EXECUTE], 0);
	}
}

static void a_broken_prepare_ends_with_a_reason(void **state)
{
	int knob;

	(void)state;
	for (knob = 0; knob < BREAKAGE_COUNT; knob++) {
		struct fake_cql fake = {.twist = break_prepare, .knob = knob};
		struct harness harness;

		if (knob == ANSWER_TWICE) /* by then the next request may be under way */
			continue;
		fake_start(&fake);
		harness_up(&harness, &fake, "connect_timeout=200ms");
		assert_true(write_some(&harness, 5, 30) < 0);
		check_all(&harness, 5, DICT_RETRY);
		tear_down(&harness);
		fake_stop(&fake);
		assert_int_equal(fake.count[CQL_EXECUTE], 0);
	}
}

/* Nothing is lost from sight: what was sent and not answered is uncertain. */
static void a_broken_answer_leaves_writes_uncertain(void **state)
{
	int knob;

	(void)state;
	for (knob = 0; knob < BREAKAGE_COUNT; knob++) {
		struct fake_cql fake = {.twist = break_execute, .knob = knob};
		struct harness harness;
		size_t i;

		fake_start(&fake);
		harness_up(&harness, &fake, "connect_timeout=200ms");
		(void)write_some(&harness, 5, 30);
		for (i = 0; i < 5; i++) {
			enum dict_outcome outcome = harness.entries[i].outcome;

			if (outcome != DICT_UNCERTAIN && outcome != DICT_RETRY &&
			    (outcome != DICT_STORED || knob != ANSWER_TWICE))
				fail_msg("%d: %s", knob, dict_outcome_name(outcome));
		}
		tear_down(&harness);
		fake_stop(&fake);
		assert_true(fake.count[CQL_EXECUTE] > 0);
	}
}

static enum fake_action answer_late(struct fake_cql *fake, const struct fake_frame *frame,
				    struct buf *out)
{
	(void)out;
	if (frame->opcode != CQL_EXECUTE)
		return FAKE_DEFAULT;
	/* The first is answered when the second comes. */
	if (frame->nth == 1) {
		fake->knob = frame->stream;
		return FAKE_DONE;
	}
	if (frame->nth == 2) {
		struct fake_frame first = *frame;

		first.stream = (int16_t)fake->knob;
		fake_void(&first, out);
	}
	return FAKE_DEFAULT;
}

static void an_answer_behind_the_deadline_disturbs_nobody(void **state)
{
	struct fake_cql fake = {.twist = answer_late};
	struct harness harness;

	(void)state;
	fake_start(&fake);
	harness_up(&harness, &fake, "");
	assert_int_equal(ping(&harness), 0);
	assert_int_equal(write_some(&harness, 1, 1), -ETIMEDOUT);
	check_all(&harness, 1, DICT_UNCERTAIN);
	assert_int_equal(write_some(&harness, 1, 30), 0);
	check_all(&harness, 1, DICT_STORED);
	tear_down(&harness);
	fake_stop(&fake);
	assert_int_equal(fake.connections, 1);
}

static enum fake_action flood_events(struct fake_cql *fake, const struct fake_frame *frame,
				     struct buf *out)
{
	static const char schema[] = "\0\x0dSCHEMA_CHANGE\0\7UPDATED\0\5TABLE\0\5mails\0\1t";
	static const char status[] = "\0\x0dSTATUS_CHANGE\0\2UP\4\x7f\0\0\1\0\0\x23\x52";
	int i;

	(void)fake;
	if (frame->opcode == CQL_EXECUTE || frame->opcode == CQL_PREPARE) {
		for (i = 0; i < 100; i++) {
			fake_put(out, 4, CQL_EVENT, -1, (struct slice){schema, sizeof(schema) - 1});
			fake_put(out, 4, CQL_EVENT, -1, (struct slice){status, sizeof(status) - 1});
		}
	}
	return FAKE_DEFAULT;
}

static void a_flood_of_events_does_not_stop_writes(void **state)
{
	struct fake_cql fake = {.twist = flood_events};
	struct harness harness;

	(void)state;
	fake_start(&fake);
	harness_up(&harness, &fake, "");
	assert_int_equal(write_some(&harness, COUNT, 30), 0);
	check_all(&harness, COUNT, DICT_STORED);
	tear_down(&harness);
	fake_stop(&fake);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_broken_start_ends_with_a_reason),
		cmocka_unit_test(a_broken_prepare_ends_with_a_reason),
		cmocka_unit_test(a_broken_answer_leaves_writes_uncertain),
		cmocka_unit_test(an_answer_behind_the_deadline_disturbs_nobody),
		cmocka_unit_test(a_flood_of_events_does_not_stop_writes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
