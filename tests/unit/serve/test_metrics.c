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

static void nothing_is_a_document_too(void **state)
{
	struct metrics metrics;

	(void)state;
	metrics_init(&metrics);
	expect(&metrics, metrics_print_prometheus, "");
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
	buf_release(&out);
	metrics_release(&metrics);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(samples_are_printed_in_both_forms),
		cmocka_unit_test(nothing_is_a_document_too),
		cmocka_unit_test(label_values_are_escaped),
		cmocka_unit_test(there_may_be_many),
		cmocka_unit_test(a_full_buffer_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
