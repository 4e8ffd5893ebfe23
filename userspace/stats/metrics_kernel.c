/* SPDX-License-Identifier: MIT */
/* The numbers of the probes and of the ring. */
#include "capture/counters.h"
#include "stats/metrics_collect.h"
#include "stats/metrics_private.h"

static const struct metric hits = {"dovetap_probe_hits_total",
				   "What became of the probe hits, in the kernel.",
				   METRIC_COUNTER,
				   {"result"}};
static const struct metric seen = {
	"dovetap_probe_seen_total", "Probe hits, in the kernel.", METRIC_COUNTER, {NULL}};
static const struct metric record_flags = {"dovetap_record_flags_total",
					   "Records of which something is to be said.",
					   METRIC_COUNTER,
					   {"remark"}};
static const struct metric on_cpu = {"dovetap_cpu_hits_total",
				     "Probe hits on each CPU: seen = recorded + lost + left_out.",
				     METRIC_COUNTER,
				     {"cpu", "result"}};
static const struct metric ring_bytes = {
	"dovetap_ring_bytes", "Size of the ring buffer.", METRIC_GAUGE, {NULL}};
static const struct metric ring_used = {"dovetap_ring_used_bytes",
					"Records in the ring that are not safe elsewhere yet.",
					METRIC_GAUGE,
					{NULL}};
static const struct metric ring_inherited = {
	"dovetap_ring_inherited",
	"1 if an earlier process has left the ring and its records.",
	METRIC_GAUGE,
	{NULL}};

static bool is_result(enum dovetap_counter counter)
{
	return counter_use(counter) != DOVETAP_COUNTS_SEEN &&
	       counter_use(counter) != DOVETAP_COUNTS_REMARK;
}

/* Of reasons that a newer version has, which ran before this one. */
static uint64_t unknown_results(const struct counters *counters)
{
	return counters_unknown(counters, DOVETAP_COUNTS_RECORD) +
	       counters_unknown(counters, DOVETAP_COUNTS_LOGIN_LOST) +
	       counters_unknown(counters, DOVETAP_COUNTS_NO_LOGIN);
}

static void collect_cpu(const struct counters *counters, unsigned int cpu, struct metrics *metrics)
{
	const struct {
		const char *name;
		enum dovetap_counter_use use;
	} results[] = {
		{"seen", DOVETAP_COUNTS_SEEN},
		{"recorded", DOVETAP_COUNTS_RECORD},
		{"lost", DOVETAP_COUNTS_LOGIN_LOST},
		{"left_out", DOVETAP_COUNTS_NO_LOGIN},
	};
	const char *label = metrics_number(metrics, cpu);

	for (size_t i = 0; i < sizeof(results) / sizeof(results[0]); i++)
		metrics_add(metrics, &on_cpu, label, results[i].name,
			    (double)counters_sum(counters, cpu, results[i].use));
}

void metrics_collect_kernel(const struct counters *counters, struct metrics *metrics)
{
	metrics_add(metrics, &seen, NULL, NULL,
		    (double)counter_value(counters, DOVETAP_COUNT_SEEN));
	for (unsigned int i = 0; i < DOVETAP_COUNTER_COUNT; i++) {
		if (is_result(i))
			metrics_add(metrics, &hits, counter_name(i), NULL,
				    (double)counter_value(counters, i));
	}
	metrics_add(metrics, &hits, "unknown", NULL, (double)unknown_results(counters));
	for (unsigned int i = 0; i < DOVETAP_COUNTER_COUNT; i++) {
		if (counter_use(i) == DOVETAP_COUNTS_REMARK)
			metrics_add(metrics, &record_flags, counter_name(i), NULL,
				    (double)counter_value(counters, i));
	}
	for (unsigned int cpu = 0; cpu < counters->cpus; cpu++)
		collect_cpu(counters, cpu, metrics);
}

void metrics_collect_ring(const struct metrics_source *source, struct metrics *metrics)
{
	struct source_level level;

	source->ring->ops->level(source->ring, &level);
	metrics_add(metrics, &ring_bytes, NULL, NULL, (double)level.size);
	metrics_add(metrics, &ring_used, NULL, NULL, (double)level.used);
	metrics_add(metrics, &ring_inherited, NULL, NULL, source->probes.inherited);
}

int64_t metrics_kernel_difference(const struct counters *counters)
{
	uint64_t results = unknown_results(counters);

	for (unsigned int i = 0; i < DOVETAP_COUNTER_COUNT; i++) {
		if (is_result(i))
			results += counter_value(counters, i);
	}
	return (int64_t)(counter_value(counters, DOVETAP_COUNT_SEEN) - results);
}
