/* SPDX-License-Identifier: MIT */
#include "stats_case.h"

/* Each counter has a number of its own on each CPU. */
static struct world *numbered(void)
{
	struct world *world = world_open(TWO_DICTS);

	for (unsigned int i = 0; i < DOVETAP_COUNTER_COUNT; i++) {
		world->map[BLOCK + i] = 100 + i;
		world->map[2 * BLOCK + i] = 1000;
	}
	world_map(world);
	return world;
}

static void each_result_of_a_hit_has_its_sample(void **state)
{
	struct world *world = numbered();
	size_t results = 1; /* "unknown" */
	char *text;

	(void)state;
	SAMPLES(&text, metrics_collect_kernel(&world->counters, metrics));
	EXPECT_LINEF(text, "dovetap_probe_seen_total %d", 1100 + DOVETAP_COUNT_SEEN);
	for (unsigned int i = 0; i < DOVETAP_COUNTER_COUNT; i++) {
		if (counter_use(i) == DOVETAP_COUNTS_SEEN)
			continue;
		results += counter_use(i) != DOVETAP_COUNTS_REMARK;
		EXPECT_LINEF(text, "dovetap_%s=\"%s\"} %u",
			     counter_use(i) == DOVETAP_COUNTS_REMARK ? "record_flags_total{remark"
								     : "probe_hits_total{result",
			     counter_name(i), 1100 + i);
	}
	expect_line(text, "dovetap_probe_hits_total{result=\"unknown\"} 0");
	assert_int_equal(count_lines(text, "dovetap_probe_hits_total{"), results);
	assert_int_equal(count_lines(text, "dovetap_record_flags_total{"), 3);
	free(text);
	world_close(world);
}

static void each_cpu_has_its_uses(void **state)
{
	struct world *world = world_open(TWO_DICTS);
	char *text;

	(void)state;
	world->map[BLOCK + DOVETAP_COUNT_SEEN] = 10;
	world->map[BLOCK + DOVETAP_COUNT_AUTH_EMITTED] = 3;
	world->map[BLOCK + DOVETAP_COUNT_PROXY_EMITTED] = 4;
	world->map[BLOCK + DOVETAP_COUNT_RING_FULL] = 2;
	world->map[BLOCK + DOVETAP_COUNT_AUTOCREATED] = 1;
	world->map[BLOCK + DOVETAP_COUNT_LONG_RECORD] = 7;
	world->map[2 * BLOCK + DOVETAP_COUNT_SEEN] = 5;
	world_map(world);
	SAMPLES(&text, metrics_collect_kernel(&world->counters, metrics));
	expect_line(text, "dovetap_cpu_hits_total{cpu=\"0\",result=\"seen\"} 10");
	expect_line(text, "dovetap_cpu_hits_total{cpu=\"0\",result=\"recorded\"} 7");
	expect_line(text, "dovetap_cpu_hits_total{cpu=\"0\",result=\"lost\"} 2");
	expect_line(text, "dovetap_cpu_hits_total{cpu=\"0\",result=\"left_out\"} 1");
	expect_line(text, "dovetap_cpu_hits_total{cpu=\"1\",result=\"seen\"} 5");
	assert_int_equal(count_lines(text, "dovetap_cpu_hits_total{"), 8);
	free(text);
	world_close(world);
}

static void a_hit_without_a_result_is_unexplained(void **state)
{
	struct world *world = world_open(TWO_DICTS);

	(void)state;
	world->map[BLOCK + DOVETAP_COUNT_SEEN] = 12;
	world->map[BLOCK + DOVETAP_COUNT_MAIL_USER_EMITTED] = 3;
	world->map[2 * BLOCK + DOVETAP_COUNT_RING_FULL] = 4;
	world->map[BLOCK + DOVETAP_COUNT_NO_HANDLER] = 5;
	world->map[BLOCK + DOVETAP_COUNT_FIELD_TRUNCATED] = 100; /* a remark is no result */
	world_map(world);
	assert_int_equal(metrics_kernel_difference(&world->counters), 0);
	world->map[2 * BLOCK + DOVETAP_COUNT_SEEN] = 2;
	world_map(world);
	assert_int_equal(metrics_kernel_difference(&world->counters), 2);
	world->map[BLOCK + DOVETAP_COUNT_MIXED] = 5;
	world_map(world);
	assert_int_equal(metrics_kernel_difference(&world->counters), -3);
	world_close(world);
}

/* After a roll-back: what only a newer version can name is a result all the same. */
static void results_of_a_newer_version_are_results(void **state)
{
	struct world *world = world_open(TWO_DICTS);
	struct kernel_numbers numbers;

	(void)state;
	for (unsigned int use = DOVETAP_COUNTS_RECORD; use <= DOVETAP_COUNTS_REMARK; use++) {
		world->map[1 + use] |= 1ULL << (DOVETAP_COUNTER_COUNT + use);
		world->map[BLOCK + DOVETAP_COUNTER_COUNT + use] = 1U << use;
	}
	world->map[BLOCK + DOVETAP_COUNT_SEEN] = 7;
	world_map(world);
	metrics_kernel_numbers(&world->counters, &numbers);
	assert_int_equal(numbers.seen, 7);
	assert_int_equal(numbers.lost_unknown, 1U << DOVETAP_COUNTS_LOGIN_LOST);
	assert_int_equal(numbers.counts[DOVETAP_COUNTER_COUNT], 1 + 2 + 4);
	assert_int_equal(metrics_kernel_difference(&world->counters), 0);
	world_close(world);
}

static void the_ring_has_its_level(void **state)
{
	struct world *world = world_open(TWO_DICTS);
	char *text;

	(void)state;
	SAMPLES(&text, metrics_collect_ring(&world->source, metrics));
	expect_line(text, "dovetap_ring_bytes 4194304");
	expect_line(text, "dovetap_ring_used_bytes 1572864");
	expect_line(text, "dovetap_ring_inherited 0");
	free(text);
	world->source.probes.inherited = true;
	SAMPLES(&text, metrics_collect_ring(&world->source, metrics));
	expect_line(text, "dovetap_ring_inherited 1");
	free(text);
	world_close(world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_result_of_a_hit_has_its_sample),
		cmocka_unit_test(each_cpu_has_its_uses),
		cmocka_unit_test(a_hit_without_a_result_is_unexplained),
		cmocka_unit_test(results_of_a_newer_version_are_results),
		cmocka_unit_test(the_ring_has_its_level),
	};

	return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
