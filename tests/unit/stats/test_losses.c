/* SPDX-License-Identifier: MIT */
/* The list of losses is complete: each stage's own words for what is lost are in it, at the counter
 * that they are of. */
#include "../cmocka_all.h"
#include "stats/losses.h"
#include "stats/metrics_private.h"

static const struct loss_row *find(const char *stage, const char *reason)
{
	for (const struct loss_row *row = losses_rows(); row->stage; row++) {
		if (strcmp(row->stage, stage) == 0 && strcmp(row->reason, reason) == 0)
			return row;
	}
	fail_msg("%s, %s is in no row", stage, reason);
	return NULL;
}

static size_t rows_of(const char *stage)
{
	size_t count = 0;

	for (const struct loss_row *row = losses_rows(); row->stage; row++)
		count += strcmp(row->stage, stage) == 0;
	return count;
}

static void each_lost_hit_of_a_probe_is_listed(void **state)
{
	size_t count = 1; /* "unknown" */

	(void)state;
	for (unsigned int i = 0; i < DOVETAP_COUNTER_COUNT; i++) {
		struct kernel_numbers numbers = {.seen = 0};

		if (counter_use(i) != DOVETAP_COUNTS_LOGIN_LOST)
			continue;
		numbers.counts[i] = 7;
		assert_int_equal(loss_count(find("probe", counter_name(i)), &numbers), 7);
		assert_int_equal(losses_sum(LOSS_FROM_KERNEL, &numbers), 7);
		count++;
	}
	assert_int_equal(rows_of("probe"), count);
}

static void the_filters_losses_count_both_kinds_of_records(void **state)
{
	static const enum filter_result lost[] = {FILTER_CUT_NAME, FILTER_NO_NAME, FILTER_FUTURE};

	(void)state;
	for (size_t i = 0; i < sizeof(lost) / sizeof(lost[0]); i++) {
		struct pipeline_stats stats = {.events = 0};

		stats.filtered[lost[i]] = 2;
		stats.others[lost[i]] = 3;
		assert_int_equal(loss_count(find("filter", filter_result_name(lost[i])), &stats),
				 5);
	}
	assert_int_equal(rows_of("filter"), 3);
	assert_false(is_loss("filter", filter_result_name(FILTER_DUPLICATE)));
	assert_false(is_loss("filter", filter_result_name(FILTER_PASS)));
}

static void each_loss_of_a_writer_is_listed(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < WRITER_LOST_COUNT; i++) {
		struct writer_stats stats = {.submitted = 0};

		stats.lost[i] = 4;
		assert_int_equal(loss_count(find(i == WRITER_LOST_DAMAGED ? "spool" : "dict",
						 writer_lost_name(i)),
					    &stats),
				 4);
		assert_int_equal(losses_sum(LOSS_FROM_WRITER, &stats), 4);
	}
}

static void each_loss_of_the_audit_stream_is_listed(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < AUDIT_LOST_COUNT; i++) {
		struct audit_stats stats = {.written = 0};

		stats.lost[i] = 4;
		assert_int_equal(loss_count(find("audit", audit_lost_name(i)), &stats), 4);
	}
	assert_int_equal(rows_of("audit"), AUDIT_LOST_COUNT);
}

static void the_metric_has_a_sample_for_each(void **state)
{
	const struct pipeline_stats stats = {.undecodable = 1, .unmatched = 2, .mixed = 4};
	struct metrics metrics;
	double sum = 0;

	(void)state;
	metrics_init(&metrics);
	losses_collect(LOSS_FROM_PIPELINE, &stats, &metrics);
	for (size_t i = 0; i < metrics.count; i++) {
		assert_ptr_equal(metrics.samples[i].metric, &losses_metric);
		sum += metrics.samples[i].value;
	}
	assert_int_equal(metrics.count, 8);
	assert_true(sum == 7);
	metrics_release(&metrics);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_lost_hit_of_a_probe_is_listed),
		cmocka_unit_test(the_filters_losses_count_both_kinds_of_records),
		cmocka_unit_test(each_loss_of_a_writer_is_listed),
		cmocka_unit_test(each_loss_of_the_audit_stream_is_listed),
		cmocka_unit_test(the_metric_has_a_sample_for_each),
	};

	return cmocka_run_group_tests_name("losses", tests, NULL, NULL);
}
