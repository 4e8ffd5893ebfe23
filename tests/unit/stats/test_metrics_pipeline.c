/* SPDX-License-Identifier: MIT */
/* Records go through a real pipeline; the numbers are what was put in. */
#include "stats_case.h"

static void add(struct world *world, enum dovetap_event_type type, const char *user,
		const char *session, uint64_t flags)
{
	struct dovetap_event record =
		record_of(type, user, session, STAMP + 2000000 * world->ring.count);

	record.head.flags = (uint32_t)flags;
	source_add(&world->ring, record);
}

static void records_are_counted_where_they_end(void **state)
{
	struct world *world = world_open(TWO_DICTS);
	struct dovetap_event pop3 =
		record_of(DOVETAP_EVENT_MAIL_USER, "p@x", "s9", STAMP + 900000000);
	char *text;

	(void)state;
	add(world, DOVETAP_EVENT_AUTH, "u@x", "s1", DOVETAP_FLAG_SUCCESSFUL);
	add(world, DOVETAP_EVENT_MAIL_USER, "u@x", "s1", 0);
	add(world, DOVETAP_EVENT_MAIL_USER, "v@x", "s2", 0);
	add(world, DOVETAP_EVENT_MAIL_USER, "w@x", "s3", DOVETAP_FLAG_AUTOCREATED);
	add(world, DOVETAP_EVENT_AUTH, "x@x", "s4", 0);
	SET(&pop3, service, SERVICE, "pop3");
	source_add(&world->ring, pop3);
	world_drain(world);
	SAMPLES(&text, metrics_collect_pipeline(world->pipeline, metrics));
	expect_line(text, "dovetap_events_total 6");
	expect_line(text, "dovetap_logins_total{result=\"passed\"} 3");
	expect_line(text, "dovetap_logins_total{result=\"autocreated\"} 1");
	expect_line(text, "dovetap_other_records_total{result=\"passed\"} 2");
	expect_line(text, "dovetap_join_waiting 0");
	expect_line(text, "dovetap_logins_joined_total 1");
	expect_line(text, "dovetap_login_events_total{kind=\"login\"} 3");
	expect_line(text, "dovetap_login_events_total{kind=\"failure\"} 1");
	expect_line(text, "dovetap_logins_recorded_total 2");
	expect_line(text, "dovetap_logins_unrecorded_total 1");
	expect_line(text, "dovetap_records_due_total{purpose=\"login\"} 2");
	expect_line(text, "dovetap_records_due_total{purpose=\"failure\"} 1");
	expect_line(text, "dovetap_records_submitted_total 3");
	free(text);
	world_close(world);
}

static void what_waits_for_its_session_is_counted(void **state)
{
	struct world *world = world_open(TWO_DICTS);
	struct error error;
	char *text;

	(void)state;
	add(world, DOVETAP_EVENT_MAIL_USER, "u@x", "s1", 0);
	world->ring.records[0].head.boot_ns = STAMP + (uint64_t)NS_PER_SEC;
	assert_int_equal(pipeline_drain(world->pipeline, &error), 1);
	SAMPLES(&text, metrics_collect_pipeline(world->pipeline, metrics));
	EXPECT_LINEF(text, "dovetap_join_waiting %u", pipeline_waiting(world->pipeline));
	assert_int_equal(pipeline_waiting(world->pipeline), 1);
	free(text);
	world_close(world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(records_are_counted_where_they_end),
		cmocka_unit_test(what_waits_for_its_session_is_counted),
	};

	return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
