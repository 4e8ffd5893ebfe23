/* SPDX-License-Identifier: MIT */
/* The whole page. */
#include "proof/judge.h"
#include "stats_case.h"

static void the_process_describes_itself(void **state)
{
	struct world *world = world_open(TWO_DICTS);
	char *text;

	(void)state;
	world->source.started_ns = 1795338170500000000;
	world->source.landlock = 4;
	world->source.probes = (struct metrics_probes){
		.links = 7,
		.refused = 2,
		.stalled = 3,
		.limited = 9,
		.dovecots = 10,
		.refused_by = {
			[PRIV_REFUSAL_UNKNOWN_ABI] = 11, [PRIV_REFUSAL_LAYOUT_REFUSED] = 12}};
	world->timeline.forward = 5;
	world->timeline.back = 6;
	SAMPLES(&text, metrics_collect(&world->source, metrics));
	expect_line(text, "dovetap_build_info{version=\"" DOVETAP_VERSION "\"} 1");
	expect_line(text, "dovetap_start_time_seconds 1795338170.5");
	expect_line(text, "dovetap_probes_attached 7");
	expect_line(text, "dovetap_builds_refused 2");
	expect_line(text, "dovetap_places_stalled 3");
	expect_line(text, "dovetap_dovecot_processes 10");
	expect_line(text, "dovetap_files_not_attached{reason=\"unknown_abi\"} 11");
	expect_line(text, "dovetap_files_not_attached{reason=\"layout_refused\"} 12");
	expect_line(text, "dovetap_search_limited 9");
	expect_line(text, "dovetap_landlock_version 4");
	expect_line(text, "dovetap_clock_steps_total{direction=\"forward\"} 5");
	expect_line(text, "dovetap_clock_steps_total{direction=\"back\"} 6");
	free(text);
	world_close(world);
}

static void expect_all_of(const struct metric_table *table, const char *text)
{
	for (size_t i = 0; i < table->count; i++) {
		char line[200];

		(void)snprintf(line, sizeof(line), "# TYPE %s %s", table->rows[i].metric.name,
			       metric_type_name(table->rows[i].metric.type));
		if (!has_line(text, line))
			fail_msg("'%s' is not on the page", line);
	}
}

static void on_decided(const struct proof_file *file, void *context)
{
	(void)file;
	(void)context;
}

/* A failure, a login, an audit stream and a file of Dovecot are needed to have all. */
static void each_row_of_each_table_is_on_it(void **state)
{
	const struct audit_config audit = {
		.target = "/dev/null", .events = 1, .queue_size = 1 << 16};
	struct world *world = world_open(TWO_DICTS);
	struct login_event event = event_of(LOGIN_EVENT_FAILURE, "u@x");
	struct judge *judge;
	char *text;

	(void)state;
	assert_int_equal(judge_new(on_decided, NULL, &judge, NULL), 0);
	judge_describe(judge, 5, DOVETAP_EVENT_MAIL_USER, "/storage", "2.4.ABIv1");
	world->source.judge = judge;
	event.outcome = LOGIN_OUTCOME_USER_UNKNOWN;
	failures_note(world->failures, &event);
	source_add(&world->ring, record_of(DOVETAP_EVENT_MAIL_USER, "u@x", "s1", STAMP));
	world_drain(world);
	assert_int_equal(audit_new(&audit, &world->audit, NULL), 0);
	world->source.audit = world->audit;
	SAMPLES(&text, metrics_collect(&world->source, metrics));
	for (const struct metric_table *const *table = metrics_tables(); *table; table++)
		expect_all_of(*table, text);
	expect_line(text, "# TYPE dovetap_events_lost_total counter");
	free(text);
	judge_free(&judge);
	world_close(world);
}

/* The format wants all samples of a metric in one group. */
static void no_metric_begins_twice(void **state)
{
	struct world *world = world_open(TWO_DICTS);
	char *text;

	(void)state;
	SAMPLES(&text, metrics_collect(&world->source, metrics));
	for (const char *at = text; (at = strstr(at, "# TYPE ")); at++) {
		char name[100], begin[120];

		assert_int_equal(sscanf(at, "# TYPE %99s", name), 1);
		(void)snprintf(begin, sizeof(begin), "# TYPE %s ", name);
		if (count_lines(text, begin) != 1)
			fail_msg("%s", begin);
	}
	free(text);
	world_close(world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_process_describes_itself),
		cmocka_unit_test(each_row_of_each_table_is_on_it),
		cmocka_unit_test(no_metric_begins_twice),
	};

	return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
