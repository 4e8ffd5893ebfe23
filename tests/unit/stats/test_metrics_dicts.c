/* SPDX-License-Identifier: MIT */
#include "stats_case.h"

static void each_number_of_a_writer_is_in_its_sample(void **state)
{
	static const struct writer_stats stats = {
		.submitted = 101,
		.stored = 102,
		.unchanged = 103,
		.superseded = 104,
		.lost = {[WRITER_LOST_MEMORY] = 105,
			 [WRITER_LOST_NOMEM] = 106,
			 [WRITER_LOST_REFUSED] = 107,
			 [WRITER_LOST_DAMAGED] = 108,
			 [WRITER_LOST_KILLED] = 125,
			 [WRITER_LOST_WRITING] = 126},
		.retried = 109,
		.uncertain = 110,
		.batches = 111,
		.failures = 112,
		.spool_in = 113,
		.spool_out = 114,
		.spool_errors = 115,
		.spool_found = 116,
		.spool_gone = 117,
		.spool_damaged = 118,
		.pending = 119,
		.pending_bytes = 120,
		.spooled = 121,
		.held = 122,
		.coalesced = 123,
		.expired = 124,
		.again = 127,
		.oldest_age_ns = 1500000000,
		.written_ns = 128000000000,
		.stored_after = {.counts = {[1] = 129, [DURATIONS_BUCKETS - 1] = 1}, .sum_us = 130},
		.up = true,
	};
	static const char *const lines[] = {
		"dict_up{dict=\"d\"} 1",
		"dict_submitted_total{dict=\"d\"} 101",
		"dict_records_total{dict=\"d\",outcome=\"stored\"} 102",
		"dict_records_total{dict=\"d\",outcome=\"unchanged\"} 103",
		"dict_records_total{dict=\"d\",outcome=\"superseded\"} 104",
		"dict_records_total{dict=\"d\",outcome=\"memory\"} 105",
		"dict_records_total{dict=\"d\",outcome=\"nomem\"} 106",
		"dict_records_total{dict=\"d\",outcome=\"refused\"} 107",
		"dict_records_total{dict=\"d\",outcome=\"damaged\"} 108",
		"dict_records_total{dict=\"d\",outcome=\"retried\"} 109",
		"dict_records_total{dict=\"d\",outcome=\"uncertain\"} 110",
		"dict_batches_total{dict=\"d\"} 111",
		"dict_batches_failed_total{dict=\"d\"} 112",
		"dict_spool_records_total{dict=\"d\",way=\"in\"} 113",
		"dict_spool_records_total{dict=\"d\",way=\"out\"} 114",
		"dict_spool_errors_total{dict=\"d\",kind=\"error\"} 115",
		"dict_spool_records_total{dict=\"d\",way=\"found\"} 116",
		"dict_spool_records_total{dict=\"d\",way=\"external\"} 117",
		"dict_spool_errors_total{dict=\"d\",kind=\"damaged\"} 118",
		"dict_pending_records{dict=\"d\"} 119",
		"dict_pending_bytes{dict=\"d\"} 120",
		"dict_spooled_records{dict=\"d\"} 121",
		"dict_held_records{dict=\"d\"} 122",
		"logins_coalesced_total{dict=\"d\"} 123",
		"dict_expired_total{dict=\"d\"} 124",
		"dict_records_total{dict=\"d\",outcome=\"collector_killed\"} 125",
		"dict_records_total{dict=\"d\",outcome=\"killed_while_writing\"} 126",
		"dict_records_total{dict=\"d\",outcome=\"again\"} 127",
		"dict_lost_total{dict=\"d\",reason=\"memory\"} 105",
		"dict_lost_total{dict=\"d\",reason=\"nomem\"} 106",
		"dict_lost_total{dict=\"d\",reason=\"refused\"} 107",
		"dict_lost_total{dict=\"d\",reason=\"damaged\"} 108",
		"dict_lost_total{dict=\"d\",reason=\"collector_killed\"} 125",
		"dict_lost_total{dict=\"d\",reason=\"killed_while_writing\"} 126",
		"dict_oldest_waiting_seconds{dict=\"d\"} 1.5",
		"dict_last_success_timestamp_seconds{dict=\"d\"} 128",
		"dict_store_latency_seconds_bucket{dict=\"d\",le=\"0.005\"} 0",
		"dict_store_latency_seconds_bucket{dict=\"d\",le=\"0.01\"} 129",
		"dict_store_latency_seconds_bucket{dict=\"d\",le=\"3600.0\"} 129",
		"dict_store_latency_seconds_bucket{dict=\"d\",le=\"+Inf\"} 130",
		"dict_store_latency_seconds_sum{dict=\"d\"} 0.00013",
		"dict_store_latency_seconds_count{dict=\"d\"} 130",
	};
	const size_t count = sizeof(lines) / sizeof(lines[0]);
	char *text;

	(void)state;
	SAMPLES(&text, {
		for (size_t i = 0; i < metrics_dicts_table.count; i++)
			metric_row_collect(&metrics_dicts_table.rows[i], &stats, "d", metrics);
	});
	for (size_t i = 0; i < count; i++)
		EXPECT_LINEF(text, "dovetap_%s", lines[i]);
	/* all but twelve buckets */
	assert_int_equal(count_lines(text, "dovetap_"), count + DURATIONS_BUCKETS - 4);
	free(text);
}

static void each_dict_has_samples_of_its_own(void **state)
{
	struct world *world = world_open(TWO_DICTS);
	char *text;

	(void)state;
	source_add(&world->ring, record_of(DOVETAP_EVENT_MAIL_USER, "u@x", "s1", STAMP));
	source_add(&world->ring, record_of(DOVETAP_EVENT_MAIL_USER, "v@x", "s2", STAMP + 1));
	world_drain(world);
	SAMPLES(&text, metrics_collect_dicts(&world->source, metrics));
	expect_line(text, "dovetap_dict_up{dict=\"memory\"} 1");
	expect_line(text, "dovetap_dict_submitted_total{dict=\"memory\"} 2");
	expect_line(text, "dovetap_dict_records_total{dict=\"memory\",outcome=\"stored\"} 2");
	expect_line(text, "dovetap_dict_records_total{dict=\"memory-2\",outcome=\"stored\"} 2");
	free(text);
	assert_int_equal(metrics_dicts_difference(&world->source), 0);
	world_close(world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_number_of_a_writer_is_in_its_sample),
		cmocka_unit_test(each_dict_has_samples_of_its_own),
	};

	return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
