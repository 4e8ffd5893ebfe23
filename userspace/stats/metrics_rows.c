/* SPDX-License-Identifier: MIT */
#include "stats/metrics_rows.h"

#include "stats/metrics_private.h"

static double number_at(enum metric_number number, const char *at)
{
	switch (number) {
	case METRIC_U64:
		return (double)*(const uint64_t *)(const void *)at;
	case METRIC_I64:
		return (double)*(const int64_t *)(const void *)at;
	case METRIC_UINT:
		return *(const unsigned int *)(const void *)at;
	case METRIC_INT:
		return *(const int *)(const void *)at;
	case METRIC_BOOL:
		return *(const bool *)(const void *)at;
	case METRIC_DOUBLE:
		return *(const double *)(const void *)at;
	case METRIC_NS:
		return (double)*(const int64_t *)(const void *)at / 1e9;
	case METRIC_DURATIONS:
		break;
	}
	return 0;
}

static size_t number_size(enum metric_number number)
{
	static const size_t sizes[] = {
		[METRIC_U64] = sizeof(uint64_t),      [METRIC_I64] = sizeof(int64_t),
		[METRIC_UINT] = sizeof(unsigned int), [METRIC_INT] = sizeof(int),
		[METRIC_BOOL] = sizeof(bool),	      [METRIC_DOUBLE] = sizeof(double),
		[METRIC_NS] = sizeof(int64_t),	      [METRIC_DURATIONS] = sizeof(struct durations),
	};

	return sizes[number];
}

/* The row's own label is the last one. */
static void add(const struct metric_row *row, const char *outer, const char *label, double value,
		struct metrics *metrics)
{
	if (outer)
		metrics_add(metrics, &row->metric, outer, label, value);
	else
		metrics_add(metrics, &row->metric, label, NULL, value);
}

static void collect_array(const struct metric_row *row, const char *base, const char *outer,
			  struct metrics *metrics)
{
	for (unsigned int i = 0; i < row->count; i++) {
		const char *label = row->name(i);
		double value =
			number_at(row->number, base + row->offset + i * number_size(row->number));

		if (label && (value != 0 || !row->only_nonzero))
			add(row, outer, label, value, metrics);
	}
}

static void collect_one(const struct metric_row *row, const char *at, const char *outer,
			struct metrics *metrics)
{
	double value;

	if (row->number == METRIC_DURATIONS) {
		metrics_add_durations(metrics, &row->metric, outer, NULL, (const void *)at);
		return;
	}
	value = number_at(row->number, at);
	if (value != 0 || !row->only_nonzero)
		add(row, outer, NULL, value, metrics);
}

void metric_row_collect(const struct metric_row *row, const void *base, const char *outer,
			struct metrics *metrics)
{
	const struct metric_part *part = row->parts;
	const char *at = base;

	for (; part && part->label; part++)
		add(row, outer, part->label, number_at(METRIC_U64, at + part->offset), metrics);
	if (row->name)
		collect_array(row, at, outer, metrics);
	else if (!row->parts)
		collect_one(row, at + row->offset, outer, metrics);
}

void metric_table_collect(const struct metric_table *table, const void *base,
			  struct metrics *metrics)
{
	for (size_t i = 0; i < table->count; i++)
		metric_row_collect(&table->rows[i], base, NULL, metrics);
}

const struct metric_table *const *metrics_tables(void)
{
	static const struct metric_table *const tables[] = {
		&metrics_collector_table,
		&metrics_processes_table,
		&metrics_ring_table,
		&metrics_kernel_table,
		&metrics_cpu_table,
		&metrics_pipeline_table,
		&metrics_differences_table,
		&metrics_dicts_table,
		&metrics_audit_table,
		&metrics_failures_table,
		&metrics_layouts_table,
		&metrics_layout_members_table,
		NULL,
	};

	return tables;
}
