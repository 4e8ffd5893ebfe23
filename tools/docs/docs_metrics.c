/* SPDX-License-Identifier: MIT */
/* docs/metrics.md: a table for each stage, and the losses. */
#include <stdio.h>
#include <string.h>

#include "stats/losses.h"
#include "stats/metrics_rows.h"
#include "tools/docs/docs.h"

static void print_names(const struct metric_row *row)
{
	for (const struct metric_part *part = row->parts; part && part->label; part++)
		printf(" `%s`", part->label);
	for (unsigned int i = 0; row->name && i < row->count; i++) {
		if (row->name(i))
			printf(" `%s`", row->name(i));
	}
}

static bool has_own_label(const struct metric_row *row)
{
	return row->parts || row->name;
}

static void print_labels(const struct metric_row *row)
{
	const char *const *labels = row->metric.labels;
	const char *own = labels[row->outer ? 1 : 0];

	if (row->outer)
		printf("`%s`: %s", labels[0], row->outer);
	if (row->outer && own)
		printf("<br>");
	if (own && strcmp(own, "version") == 0)
		printf("`version`: that of `dovetap --version`");
	else if (own && has_own_label(row))
		printf("`%s`:", own), print_names(row);
}

static void print_metric(const struct metric_row *row)
{
	printf("| `%s` | %s | ", row->metric.name, metric_type_name(row->metric.type));
	print_labels(row);
	printf(" | %s | %s |\n", row->metric.help, row->advice);
}

static void print_losses(void)
{
	printf("\n## Losses\n\n`%s` (counter) has the labels `stage` and `reason`. Alert when the sum "
	       "rises.\n\n| `stage` | `reason` | meaning | what to do |\n|---|---|---|---|\n",
	       losses_metric.name);
	for (const struct loss_row *row = losses_rows(); row->stage; row++)
		printf("| `%s` | `%s` | %s | %s |\n", row->stage, row->reason, row->meaning,
		       row->advice);
}

void docs_metrics(void)
{
	for (const struct metric_table *const *table = metrics_tables(); *table; table++) {
		printf("\n## %s\n\n| metric | type | labels | meaning | what to do |\n"
		       "|---|---|---|---|---|\n",
		       (*table)->title);
		for (size_t i = 0; i < (*table)->count; i++)
			print_metric(&(*table)->rows[i]);
	}
	print_losses();
}
