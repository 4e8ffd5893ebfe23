/* SPDX-License-Identifier: MIT */
#include "stats/losses.h"
#include "stats_case.h"

/* Two hits without room, a record of another version, one without a name. */
static struct world *with_losses(void)
{
	struct world *world = world_open(TWO_DICTS);
	struct dovetap_event newer = record_of(DOVETAP_EVENT_MAIL_USER, "u@x", "s1", STAMP);

	world->map[BLOCK + DOVETAP_COUNT_SEEN] = 5;
	world->map[BLOCK + DOVETAP_COUNT_MAIL_USER_EMITTED] = 3;
	world->map[BLOCK + DOVETAP_COUNT_RING_FULL] = 2;
	world_map(world);
	newer.head.major = 99;
	source_add(&world->ring, newer);
	source_add(&world->ring, record_of(DOVETAP_EVENT_MAIL_USER, "", "s2", STAMP));
	source_add(&world->ring, record_of(DOVETAP_EVENT_MAIL_USER, "u@x", "s3", STAMP));
	world_drain(world);
	return world;
}

static void losses_of_all_stages_are_samples_of_one_metric(void **state)
{
	struct world *world = with_losses();
	size_t all = 0, audit = 0;
	char *text;

	(void)state;
	SAMPLES(&text, metrics_collect_losses(&world->source, metrics));
	expect_line(text, "dovetap_events_lost_total{stage=\"probe\",reason=\"ring_full\"} 2");
	expect_line(text, "dovetap_events_lost_total{stage=\"decode\",reason=\"other_version\"} 1");
	expect_line(text, "dovetap_events_lost_total{stage=\"filter\",reason=\"no_username\"} 1");
	expect_line(text, "dovetap_events_lost_total{stage=\"dict\",reason=\"refused\"} 0");
	for (const struct loss_row *row = losses_rows(); row->stage; row++) {
		all++;
		audit += row->from == LOSS_FROM_AUDIT;
	}
	assert_int_equal(count_lines(text, "dovetap_events_lost_total{"), all - audit);
	assert_int_equal(metrics_lost(&world->source), 4);
	free(text);
	world_close(world);
}

/* The queue is too small for any record. */
static void losses_of_the_audit_stream_are_no_lost_logins(void **state)
{
	const struct audit_config config = {
		.target = "/dev/null", .events = 1U << LOGIN_EVENT_LOGIN, .queue_size = 1};
	struct world *world = with_losses();
	struct login_event event = event_of(LOGIN_EVENT_LOGIN, "u@x");
	char *text;

	(void)state;
	assert_int_equal(audit_new(&config, &world->audit, NULL), 0);
	world->source.audit = world->audit;
	audit_event(world->audit, &event);
	SAMPLES(&text, metrics_collect_losses(&world->source, metrics));
	expect_line(text, "dovetap_events_lost_total{stage=\"audit\",reason=\"queue_full\"} 1");
	assert_int_equal(metrics_lost(&world->source), 4);
	free(text);
	world_close(world);
}

static void differences_of_all_stages_count_without_their_signs(void **state)
{
	struct world *world = with_losses();
	char *text;

	(void)state;
	assert_int_equal(metrics_difference(&world->source), 0);
	world->map[BLOCK + DOVETAP_COUNT_RING_FULL] = 7;
	world_map(world);
	SAMPLES(&text, metrics_collect_differences(&world->source, metrics));
	expect_line(text, "dovetap_events_unexplained{stage=\"probe\"} -5");
	expect_line(text, "dovetap_events_unexplained{stage=\"ring\"} 0");
	expect_line(text, "dovetap_events_unexplained{stage=\"pipeline\"} 0");
	expect_line(text, "dovetap_events_unexplained{stage=\"dict\"} 0");
	assert_int_equal(metrics_difference(&world->source), 5);
	free(text);
	world_close(world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(losses_of_all_stages_are_samples_of_one_metric),
		cmocka_unit_test(losses_of_the_audit_stream_are_no_lost_logins),
		cmocka_unit_test(differences_of_all_stages_count_without_their_signs),
	};

	return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
