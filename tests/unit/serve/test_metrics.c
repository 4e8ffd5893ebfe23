/* SPDX-License-Identifier: MIT */
#include "../cmocka_all.h"
#include "serve/metrics.h"

static const struct metric plain = {"x_total", "How many.", METRIC_COUNTER, {NULL}};
static const struct metric one = {"y", "How much.", METRIC_GAUGE, {"dict"}};
static const struct metric two = {"z", "Which.", METRIC_GAUGE, {"stage", "reason"}};

static void expect(const struct metrics *metrics,
		   int (*print)(const struct metrics *, struct buf *), const char *expected)
{
	struct buf out;

	buf_init(&out, 10000);
	assert_int_equal(print(metrics, &out), 0);
	assert_string_equal(buf_str(&out), expected);
	buf_release(&out);
}

static void samples_are_printed_in_both_forms(void **state)
{
	struct metrics metrics;

	(void)state;
	metrics_init(&metrics);
	metrics_add(&metrics, &plain, NULL, NULL, 7);
	metrics_add(&metrics, &one, "redis", NULL, 0.5);
	metrics_add(&metrics, &one, "file", NULL, -1);
	metrics_add(&metrics, &two, "ring", "full", 9007199254740991.0);
	expect(&metrics, metrics_print_prometheus,
	       "# HELP x_total How many.\n# TYPE x_total counter\nx_total 7\n"
	       "# HELP y How much.\n# TYPE y gauge\ny{dict=\"redis\"} 0.5\ny{dict=\"file\"} -1\n"
	       "# HELP z Which.\n# TYPE z gauge\n"
	       "z{stage=\"ring\",reason=\"full\"} 9.00719925474099e+15\n");
	expect(&metrics, metrics_print_json,
	       "{\n\"x_total\":[{\"value\":7}],\n"
	       "\"y\":[{\"dict\":\"redis\",\"value\":0.5},{\"dict\":\"file\",\"value\":-1}],\n"
	       "\"z\":[{\"stage\":\"ring\",\"reason\":\"full\",\"value\":9.00719925474099e+15}]\n}\n");
	metrics_release(&metrics);
	assert_int_equal(metrics.count, 0);
	assert_null(metrics.samples);
}

static const struct metric size = {
	"s_bytes_total", "So \"many\" \\ bytes.", METRIC_COUNTER, {NULL}};
static const struct metric wait = {"w_seconds", "How long.", METRIC_HISTOGRAM, {"dict"}};

#define BUCKETS_OF(l)                                                                              \
	"w_seconds_bucket{" l "le=\"0.005\"} 1\n"                                                  \
	"w_seconds_bucket{" l "le=\"0.01\"} 1\n"                                                   \
	"w_seconds_bucket{" l "le=\"0.025\"} 1\n"                                                  \
	"w_seconds_bucket{" l "le=\"0.05\"} 1\n"                                                   \
	"w_seconds_bucket{" l "le=\"0.1\"} 1\n"                                                    \
	"w_seconds_bucket{" l "le=\"0.25\"} 1\n"                                                   \
	"w_seconds_bucket{" l "le=\"0.5\"} 1\n"                                                    \
	"w_seconds_bucket{" l "le=\"1.0\"} 1\n"                                                    \
	"w_seconds_bucket{" l "le=\"2.5\"} 2\n"                                                    \
	"w_seconds_bucket{" l "le=\"5.0\"} 2\n"                                                    \
	"w_seconds_bucket{" l "le=\"10.0\"} 2\n"                                                   \
	"w_seconds_bucket{" l "le=\"30.0\"} 2\n"                                                   \
	"w_seconds_bucket{" l "le=\"60.0\"} 2\n"                                                   \
	"w_seconds_bucket{" l "le=\"300.0\"} 2\n"                                                  \
	"w_seconds_bucket{" l "le=\"3600.0\"} 2\n"                                                 \
	"w_seconds_bucket{" l "le=\"+Inf\"} 3\n"

/* A counter's family has no _total there, a unit has a line, and there is an end. */
static void openmetrics_is_a_form_of_its_own(void **state)
{
	struct metrics metrics;

	(void)state;
	metrics_init(&metrics);
	metrics_add(&metrics, &plain, NULL, NULL, 7);
	metrics_add(&metrics, &one, "a\"b", NULL, 0.5);
	metrics_add(&metrics, &size, NULL, NULL, 3);
	expect(&metrics, metrics_print_openmetrics,
	       "# HELP x How many.\n# TYPE x counter\nx_total 7\n"
	       "# HELP y How much.\n# TYPE y gauge\ny{dict=\"a\\\"b\"} 0.5\n"
	       "# HELP s_bytes So \\\"many\\\" \\\\ bytes.\n# TYPE s_bytes counter\n"
	       "# UNIT s_bytes bytes\ns_bytes_total 3\n# EOF\n");
	metrics_release(&metrics);
}

static void durations_become_a_histogram(void **state)
{
	struct durations durations = {.sum_us = 0};
	struct metrics metrics;

	(void)state;
	durations_add(&durations, -1);
	durations_add(&durations, 1500000000);
	durations_add(&durations, 7200000000000);
	metrics_init(&metrics);
	metrics_add_durations(&metrics, &wait, "d", NULL, &durations);
	durations = (struct durations){.sum_us = 0}; /* it has a copy */
	expect(&metrics, metrics_print_prometheus,
	       "# HELP w_seconds How long.\n# TYPE w_seconds histogram\n" BUCKETS_OF(
		       "dict=\"d\",") "w_seconds_sum{dict=\"d\"} 7201.5\n"
				      "w_seconds_count{dict=\"d\"} 3\n");
	expect(&metrics, metrics_print_openmetrics,
	       "# HELP w_seconds How long.\n# TYPE w_seconds histogram\n"
	       "# UNIT w_seconds seconds\n" BUCKETS_OF(
		       "dict=\"d\",") "w_seconds_sum{dict=\"d\"} 7201.5\n"
				      "w_seconds_count{dict=\"d\"} 3\n# EOF\n");
	expect(&metrics, metrics_print_json,
	       "{\n\"w_seconds\":[{\"dict\":\"d\",\"buckets\":{\"0.005\":1,\"0.01\":1,"
	       "\"0.025\":1,\"0.05\":1,\"0.1\":1,\"0.25\":1,\"0.5\":1,\"1.0\":1,\"2.5\":2,"
	       "\"5.0\":2,\"10.0\":2,\"30.0\":2,\"60.0\":2,\"300.0\":2,\"3600.0\":2,"
	       "\"+Inf\":3},\"sum\":7201.5,\"count\":3}]\n}\n");
	metrics_release(&metrics);
}

static void nothing_is_a_document_too(void **state)
{
	struct metrics metrics;

	(void)state;
	metrics_init(&metrics);
	expect(&metrics, metrics_print_prometheus, "");
	expect(&metrics, metrics_print_openmetrics, "# EOF\n");
	expect(&metrics, metrics_print_json, "{}\n");
	metrics_release(&metrics);
}

/* The text format knows three escapes (of a backslash, a quote, a newline) and refuses others. */
static void label_values_are_escaped(void **state)
{
	struct metrics metrics;

	(void)state;
	metrics_init(&metrics);
	metrics_add(&metrics, &one, "a\"b\\c\nd\xff", NULL, 1);
	expect(&metrics, metrics_print_prometheus,
	       "# HELP y How much.\n# TYPE y gauge\n"
	       "y{dict=\"a\\\"b\\\\\\\\c\\\\x0ad\\\\xff\"} 1\n");
	expect(&metrics, metrics_print_json,
	       "{\n\"y\":[{\"dict\":\"a\\\"b\\\\c\\u000ad\\u00ff\",\"value\":1}]\n}\n");
	metrics_release(&metrics);
}

/* More than the first allocation holds; numbers stay valid until the end. */
static void there_may_be_many(void **state)
{
	struct metrics metrics;
	const char *first, *last;

	(void)state;
	metrics_init(&metrics);
	first = metrics_number(&metrics, 0);
	for (unsigned int i = 0; i < 1000; i++)
		metrics_add(&metrics, &one, metrics_number(&metrics, i), NULL, i);
	last = metrics_number(&metrics, 4294967295U);
	assert_int_equal(metrics.count, 1000);
	assert_int_equal(metrics.failed, 0);
	assert_string_equal(first, "0");
	assert_string_equal(last, "4294967295");
	assert_string_equal(metrics.samples[999].labels[0], "999");
	assert_true(metrics.samples[64].value == 64);
	metrics_release(&metrics);
}

static void a_full_buffer_is_an_error(void **state)
{
	struct metrics metrics;
	struct buf out;

	(void)state;
	metrics_init(&metrics);
	metrics_add(&metrics, &plain, NULL, NULL, 7);
	buf_init(&out, 20);
	assert_int_equal(metrics_print_prometheus(&metrics, &out), -E2BIG);
	buf_reset(&out);
	assert_int_equal(metrics_print_json(&metrics, &out), -E2BIG);
	buf_reset(&out);
	assert_int_equal(metrics_print_openmetrics(&metrics, &out), -E2BIG);
	buf_release(&out);
	metrics_release(&metrics);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(samples_are_printed_in_both_forms),
		cmocka_unit_test(openmetrics_is_a_form_of_its_own),
		cmocka_unit_test(durations_become_a_histogram),
		cmocka_unit_test(nothing_is_a_document_too),
		cmocka_unit_test(label_values_are_escaped),
		cmocka_unit_test(there_may_be_many),
		cmocka_unit_test(a_full_buffer_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
