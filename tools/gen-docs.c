/* SPDX-License-Identifier: MIT */
/*
 * Prints documentation from the program's own tables ("make docs"):
 *
 *	gen-docs PART < FILE > NEW
 *
 * PART is what stands in the file between two lines of its own, which stay; see parts[] below.
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stats/losses.h"
#include "stats/metrics_rows.h"

/* --- metrics ------------------------------------------------------------------------------- */

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
	printf("| `%s` | %s | ", row->metric.name,
	       row->metric.type == METRIC_COUNTER ? "counter" : "gauge");
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

static void print_metrics(void)
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

/* --- files --------------------------------------------------------------------------------- */

static const struct part {
	const char *name;
	const char *begin; /* how the line before it begins */
	const char *end;   /* and the line behind it; NULL: the end of the file */
	void (*print)(void);
} parts[] = {
	{"metrics", "<!-- make docs -->", NULL, print_metrics},
};

static const struct part *find_part(const char *name)
{
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (strcmp(parts[i].name, name) == 0)
			return &parts[i];
	}
	errx(1, "there is no part %s", name);
}

static bool begins(const char *line, const char *text)
{
	return strncmp(line, text, strlen(text)) == 0;
}

static void replace(const struct part *part)
{
	enum { BEFORE, INSIDE, BEHIND } where = BEFORE;
	char line[4096];

	while (fgets(line, sizeof(line), stdin)) {
		if (where == INSIDE && part->end && begins(line, part->end))
			where = BEHIND;
		if (where != INSIDE)
			fputs(line, stdout);
		if (where == BEFORE && begins(line, part->begin)) {
			part->print();
			where = INSIDE;
		}
	}
	if (where != (part->end ? BEHIND : INSIDE))
		errx(1, "the file has no place for %s", part->name);
}

int main(int argc, char **argv)
{
	if (argc != 2)
		errx(1, "usage: gen-docs PART < FILE");
	replace(find_part(argv[1]));
	return fflush(stdout) == 0 && !ferror(stdout) ? 0 : 1;
}
