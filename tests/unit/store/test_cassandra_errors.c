/* SPDX-License-Identifier: MIT */
/* Errors of single writes. */
#include "cassandra_case.h"

static enum fake_action forget_statement(struct fake_cql *fake, const struct fake_frame *frame,
					 struct buf *out)
{
	if (frame->opcode != CQL_EXECUTE || fake->count[CQL_PREPARE] > 1)
		return FAKE_DEFAULT;
	fake_error(out, frame, CQL_E_UNPREPARED, "no such statement",
		   (struct slice){"\0\020"
				  "0123456789abcdef",
				  18});
	return FAKE_DONE;
}

static void a_forgotten_statement_is_prepared_again(void **state)
{
	struct fake_cql fake = {.twist = forget_statement};
	struct harness harness;

	(void)state;
	fake_start(&fake);
	harness_up(&harness, &fake, "");
	assert_int_equal(write_some(&harness, COUNT, 30), 0);
	check_all(&harness, COUNT, DICT_STORED);
	tear_down(&harness);
	fake_stop(&fake);
	assert_int_equal(fake.count[CQL_PREPARE], 2);
}

#define UNAVAILABLE ((struct slice){"\0\6\0\0\0\2\0\0\0\1", 10})
#define TIMEOUT	    ((struct slice){"\0\6\0\0\0\1\0\0\0\2\0\6SIMPLE", 18})

/* Answers the first knob EXECUTEs with an error. */
static enum fake_action fail_writes(struct fake_cql *fake, const struct fake_frame *frame,
				    struct buf *out, int32_t code, struct slice rest)
{
	if (frame->opcode != CQL_EXECUTE || frame->nth > (unsigned int)fake->knob)
		return FAKE_DEFAULT;
	fake_error(out, frame, code, "scripted", rest);
	return FAKE_DONE;
}

static enum fake_action unavailable(struct fake_cql *fake, const struct fake_frame *frame,
				    struct buf *out)
{
	return fail_writes(fake, frame, out, CQL_E_UNAVAILABLE, UNAVAILABLE);
}

static enum fake_action write_timeout(struct fake_cql *fake, const struct fake_frame *frame,
				      struct buf *out)
{
	return fail_writes(fake, frame, out, CQL_E_WRITE_TIMEOUT, TIMEOUT);
}

static enum fake_action overloaded(struct fake_cql *fake, const struct fake_frame *frame,
				   struct buf *out)
{
	return fail_writes(fake, frame, out, CQL_E_OVERLOADED, (struct slice){0});
}

static enum fake_action invalid(struct fake_cql *fake, const struct fake_frame *frame,
				struct buf *out)
{
	return fail_writes(fake, frame, out, CQL_E_INVALID, (struct slice){0});
}

static enum fake_action unauthorized(struct fake_cql *fake, const struct fake_frame *frame,
				     struct buf *out)
{
	return fail_writes(fake, frame, out, CQL_E_UNAUTHORIZED, (struct slice){0});
}

static void missing_replicas_lead_to_the_fallback_consistency_once(void **state)
{
	struct fake_cql fake = {.twist = unavailable, .knob = 1};
	struct harness harness;

	(void)state;
	fake_start(&fake);
	harness_up(&harness, &fake, "write_fallback_consistency=local-one");
	assert_int_equal(write_some(&harness, 1, 30), 0);
	check_all(&harness, 1, DICT_STORED);
	tear_down(&harness);
	fake_stop(&fake);
	assert_int_equal(fake.consistency[0], CQL_LOCAL_QUORUM);
	assert_int_equal(fake.consistency[1], CQL_LOCAL_ONE);
}

static void errors_of_the_server_decide_the_outcome(void **state)
{
	static const struct {
		enum fake_action (*twist)(struct fake_cql *, const struct fake_frame *,
					  struct buf *);
		enum dict_outcome outcome;
		unsigned int executes;
		const char *reason;
	} cases[] = {
		{unavailable, DICT_RETRY, 2, "unavailable: 1 of 2 replicas at local-quorum"},
		{write_timeout, DICT_UNCERTAIN, 2, "write_timeout: 1 of 2 replicas"},
		{overloaded, DICT_RETRY, 2, "overloaded: scripted"},
		{invalid, DICT_REFUSED, 1, "invalid: scripted"},
		{unauthorized, DICT_RETRY, 1, "unauthorized: scripted"},
	};
	struct harness harness;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fake_cql fake = {.twist = cases[i].twist, .knob = 1000};

		fake_start(&fake);
		harness_up(&harness, &fake, "");
		assert_int_equal(write_some(&harness, 1, 30), 0);
		check_all(&harness, 1, cases[i].outcome);
		check_reason(&harness, cases[i].reason);
		tear_down(&harness);
		fake_stop(&fake);
		assert_int_equal(fake.count[CQL_EXECUTE], cases[i].executes);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_forgotten_statement_is_prepared_again),
		cmocka_unit_test(missing_replicas_lead_to_the_fallback_consistency_once),
		cmocka_unit_test(errors_of_the_server_decide_the_outcome),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
