/* SPDX-License-Identifier: MIT */
/* The numbers of the probes and of the ring. */
#include "stats/metrics_private.h"

static bool is_result(enum dovetap_counter counter)
{
	return counter_use(counter) != DOVETAP_COUNTS_SEEN &&
	       counter_use(counter) != DOVETAP_COUNTS_REMARK;
}

static const char *result_name(unsigned int counter)
{
	if (counter == DOVETAP_COUNTER_COUNT)
		return "unknown"; /* of a newer version, which ran before this one */
	return is_result(counter) ? counter_name(counter) : NULL;
}

static const char *remark_name(unsigned int counter)
{
	return counter < DOVETAP_COUNTER_COUNT && counter_use(counter) == DOVETAP_COUNTS_REMARK
		       ? counter_name(counter)
		       : NULL;
}

static const struct metric_row kernel_rows[] = {
	{.metric =
		 {"dovetap_probe_seen_total", "Probe hits, in the kernel.", METRIC_COUNTER, {NULL}},
	 .advice = "Alert when it stands still while people log in.",
	 AT(struct kernel_numbers, seen)},
	{.metric =
		 {"dovetap_probe_hits_total",
		  "Probe hits by their result, in the kernel: a record of a role, or why there is "
		  "none. `unknown` are results that only a newer version can name.",
		  METRIC_COUNTER,
		  {"result"}},
	 .advice = "For information; losses among them are in `dovetap_events_lost_total`, too.",
	 AT_ARRAY(struct kernel_numbers, counts, result_name)},
	{.metric = {"dovetap_record_flags_total",
		    "Records with a field that could not be read or was cut, and long records.",
		    METRIC_COUNTER,
		    {"remark"}},
	 .advice = "`field_unreadable` in most records: report it with the version of Dovecot.",
	 AT_ARRAY(struct kernel_numbers, counts, remark_name)},
};

const struct metric_table metrics_kernel_table = METRIC_TABLE("Probes", kernel_rows);

struct cpu_numbers {
	uint64_t by_use[DOVETAP_COUNTER_USES];
};

static const struct metric_part cpu_results[] = {
	{"seen", offsetof(struct cpu_numbers, by_use[DOVETAP_COUNTS_SEEN])},
	{"recorded", offsetof(struct cpu_numbers, by_use[DOVETAP_COUNTS_RECORD])},
	{"lost", offsetof(struct cpu_numbers, by_use[DOVETAP_COUNTS_LOGIN_LOST])},
	{"left_out", offsetof(struct cpu_numbers, by_use[DOVETAP_COUNTS_NO_LOGIN])},
	{NULL, 0},
};
static const struct metric_row cpu_rows[] = {
	{.metric = {"dovetap_cpu_hits_total",
		    "Probe hits on each CPU: seen = recorded + lost + left_out.",
		    METRIC_COUNTER,
		    {"cpu", "result"}},
	 .advice = "For information.",
	 .outer = "the number of the CPU",
	 .parts = cpu_results},
};

const struct metric_table metrics_cpu_table = METRIC_TABLE("Probes, by CPU", cpu_rows);

struct ring_numbers {
	struct source_level level;
	bool inherited;
};

static const struct metric_row ring_rows[] = {
	{.metric = {"dovetap_ring_bytes", "Size of the ring buffer.", METRIC_GAUGE, {NULL}},
	 .advice = "For information: `ring_size`.",
	 AT(struct ring_numbers, level.size)},
	{.metric = {"dovetap_ring_used_bytes",
		    "Records in the ring that are not safe elsewhere yet.",
		    METRIC_GAUGE,
		    {NULL}},
	 .advice = "Alert above half of `dovetap_ring_bytes`: a full ring loses logins. Look at "
		   "`dovetap_dict_up` and the spool, or raise `ring_size`.",
	 AT(struct ring_numbers, level.used)},
	{.metric = {"dovetap_ring_inherited",
		    "1 if an earlier process has left the ring and its records.",
		    METRIC_GAUGE,
		    {NULL}},
	 .advice = "0 after a restart: logins during it were missed (`docs/service.md`, restarts).",
	 AT(struct ring_numbers, inherited)},
};

const struct metric_table metrics_ring_table = METRIC_TABLE("Ring", ring_rows);

void metrics_kernel_numbers(const struct counters *counters, struct kernel_numbers *numbers_r)
{
	for (unsigned int i = 0; i < DOVETAP_COUNTER_COUNT; i++)
		numbers_r->counts[i] = counter_value(counters, i);
	numbers_r->seen = numbers_r->counts[DOVETAP_COUNT_SEEN];
	numbers_r->lost_unknown = counters_unknown(counters, DOVETAP_COUNTS_LOGIN_LOST);
	numbers_r->counts[DOVETAP_COUNTER_COUNT] =
		counters_unknown(counters, DOVETAP_COUNTS_RECORD) + numbers_r->lost_unknown +
		counters_unknown(counters, DOVETAP_COUNTS_NO_LOGIN);
}

static void collect_cpu(const struct counters *counters, unsigned int cpu, struct metrics *metrics)
{
	struct cpu_numbers numbers;

	for (unsigned int use = 0; use < DOVETAP_COUNTER_USES; use++)
		numbers.by_use[use] = counters_sum(counters, cpu, use);
	metric_row_collect(&cpu_rows[0], &numbers, metrics_number(metrics, cpu), metrics);
}

void metrics_collect_kernel(const struct counters *counters, struct metrics *metrics)
{
	struct kernel_numbers numbers;

	metrics_kernel_numbers(counters, &numbers);
	metric_table_collect(&metrics_kernel_table, &numbers, metrics);
	for (unsigned int cpu = 0; cpu < counters->cpus; cpu++)
		collect_cpu(counters, cpu, metrics);
}

void metrics_collect_ring(const struct metrics_source *source, struct metrics *metrics)
{
	struct ring_numbers numbers = {.inherited = source->probes.inherited};

	source->ring->ops->level(source->ring, &numbers.level);
	metric_table_collect(&metrics_ring_table, &numbers, metrics);
}

/* What waits in the ring is explained, unless nothing is there. */
int64_t metrics_ring_difference(const struct metrics_source *source)
{
	int64_t waiting = ring_account_waiting(source->ring_account, source->counters,
					       pipeline_stats(source->pipeline));
	struct source_level level;

	source->ring->ops->level(source->ring, &level);
	return waiting < 0 || level.used == 0 ? waiting : 0;
}

int64_t metrics_kernel_difference(const struct counters *counters)
{
	struct kernel_numbers numbers;
	uint64_t results;

	metrics_kernel_numbers(counters, &numbers);
	results = numbers.counts[DOVETAP_COUNTER_COUNT];
	for (unsigned int i = 0; i < DOVETAP_COUNTER_COUNT; i++) {
		if (is_result(i))
			results += numbers.counts[i];
	}
	return (int64_t)(numbers.seen - results);
}
