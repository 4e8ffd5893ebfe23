/* SPDX-License-Identifier: MIT */
/* A row of a table of metrics becomes samples: one value, an array, parts, an outer label. */
#include "../cmocka_all.h"
#include "base/buf.h"
#include "stats/metrics_rows.h"

struct numbers {
	bool yes;
	int below;
	unsigned int small;
	int64_t negative;
	uint64_t words[3];
	double half;
};

static const struct numbers numbers = {
	.yes = true, .below = -1, .small = 2, .negative = -3, .words = {5, 0, 7}, .half = 0.5};

static const char *word(unsigned int index)
{
	static const char *const words[] = {"a", "b", "c"};

	return index == 2 ? NULL : words[index];
}

static void prints(const struct metric_row *row, const char *outer, const char *want)
{
	struct metrics metrics;
	struct buf out;

	metrics_init(&metrics);
	buf_init(&out, 1 << 16);
	metric_row_collect(row, &numbers, outer, &metrics);
	assert_int_equal(metrics_print_prometheus(&metrics, &out), 0);
	assert_string_equal(buf_str(&out), want);
	buf_release(&out);
	metrics_release(&metrics);
}

#define HEAD	    "# HELP m h\n# TYPE m gauge\n"
#define LABELS(...) .metric = {"m", "h", METRIC_GAUGE, {__VA_ARGS__}}

static void each_type_of_number_is_read_as_it_is(void **state)
{
	static const struct {
		struct metric_row row;
		const char *want;
	} cases[] = {
		{{LABELS(NULL), AT(struct numbers, yes)}, HEAD "m 1\n"},
		{{LABELS(NULL), AT(struct numbers, below)}, HEAD "m -1\n"},
		{{LABELS(NULL), AT(struct numbers, small)}, HEAD "m 2\n"},
		{{LABELS(NULL), AT(struct numbers, negative)}, HEAD "m -3\n"},
		{{LABELS(NULL), AT(struct numbers, words[2])}, HEAD "m 7\n"},
		{{LABELS(NULL), AT(struct numbers, half)}, HEAD "m 0.5\n"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		prints(&cases[i].row, NULL, cases[i].want);
}

static void values_of_an_array_have_their_labels(void **state)
{
	const struct metric_row all = {LABELS("l"), AT_ARRAY(struct numbers, words, word)};
	const struct metric_row some = {LABELS("o", "l"), AT_ARRAY(struct numbers, words, word),
					.only_nonzero = true};

	(void)state;
	prints(&all, NULL, HEAD "m{l=\"a\"} 5\nm{l=\"b\"} 0\n");
	prints(&some, "x", HEAD "m{o=\"x\",l=\"a\"} 5\n");
}

static void parts_have_theirs(void **state)
{
	static const struct metric_part parts[] = {
		{"first", offsetof(struct numbers, words[0])},
		{"last", offsetof(struct numbers, words[2])},
		{NULL, 0},
	};
	const struct metric_row row = {LABELS("o", "l"), .parts = parts};

	(void)state;
	prints(&row, "x", HEAD "m{o=\"x\",l=\"first\"} 5\nm{o=\"x\",l=\"last\"} 7\n");
}

static void an_outer_label_may_be_the_only_one(void **state)
{
	const struct metric_row row = {LABELS("dict"), AT(struct numbers, small)};

	(void)state;
	prints(&row, "redis", HEAD "m{dict=\"redis\"} 2\n");
}

/* What docs/metrics.md needs of each. */
static void every_metric_is_described(void **state)
{
	(void)state;
	for (const struct metric_table *const *table = metrics_tables(); *table; table++) {
		assert_true((*table)->count > 0);
		for (size_t i = 0; i < (*table)->count; i++) {
			const struct metric_row *row = &(*table)->rows[i];
			unsigned int labels = (row->outer != NULL) + (row->parts || row->name);

			assert_non_null(row->metric.help);
			assert_non_null(row->advice);
			assert_int_equal((row->metric.labels[0] != NULL) +
						 (row->metric.labels[1] != NULL),
					 labels);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_type_of_number_is_read_as_it_is),
		cmocka_unit_test(values_of_an_array_have_their_labels),
		cmocka_unit_test(parts_have_theirs),
		cmocka_unit_test(an_outer_label_may_be_the_only_one),
		cmocka_unit_test(every_metric_is_described),
	};

	return cmocka_run_group_tests_name("metrics_rows", tests, NULL, NULL);
}
