/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>

#include "../cmocka_all.h"
#include "proof/judge.h"
#include "stats/metrics_private.h"

static void on_decided(const struct proof_file *file, void *context)
{
	(void)file;
	(void)context;
}

static double value(const struct metrics *metrics, const char *name, const char *label1,
		    const char *label2)
{
	for (size_t i = 0; i < metrics->count; i++) {
		const struct metrics_sample *sample = &metrics->samples[i];

		if (strcmp(sample->metric->name, name) == 0 &&
		    strcmp(sample->labels[0], label1) == 0 &&
		    (!label2 || strcmp(sample->labels[1], label2) == 0))
			return sample->value;
	}
	return -1;
}

static void each_file_has_its_state_and_what_is_wrong(void **state)
{
	struct login nameless = {.type = DOVETAP_EVENT_MAIL_USER, .file = 0x11};
	struct metrics metrics;
	struct judge *judge;

	(void)state;
	assert_int_equal(judge_new(on_decided, NULL, &judge, NULL), 0);
	judge_remember(judge, 0x22, PROOF_BY_LOGIN, "/auth");
	judge_describe(judge, 0x11, DOVETAP_EVENT_MAIL_USER, "/storage", "2.4.ABIv5");
	for (int i = 0; i < 3; i++)
		judge_no_login(judge, &nameless, 1);
	metrics_init(&metrics);
	metrics_collect_layouts(judge, &metrics);
	assert_true(value(&metrics, "dovetap_layouts", "refused", NULL) == 1);
	assert_true(value(&metrics, "dovetap_layouts", "proved_by_login", NULL) == 1);
	assert_true(value(&metrics, "dovetap_layouts", "open", NULL) == 0);
	assert_true(value(&metrics, "dovetap_layout_wrong_records", "/storage", "username") == 3);
	assert_true(value(&metrics, "dovetap_layout_wrong_records", "/auth", "username") == 0);
	metrics_release(&metrics);
	judge_free(&judge);
}

static void without_a_judge_nothing_is_wrong(void **state)
{
	struct metrics metrics;

	(void)state;
	metrics_init(&metrics);
	metrics_collect_layouts(NULL, &metrics);
	assert_int_equal(metrics.count, PROOF_STATES);
	assert_true(value(&metrics, "dovetap_layouts", "refused", NULL) == 0);
	metrics_release(&metrics);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_file_has_its_state_and_what_is_wrong),
		cmocka_unit_test(without_a_judge_nothing_is_wrong),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
