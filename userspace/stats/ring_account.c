/* SPDX-License-Identifier: MIT */
#include "stats/ring_account.h"

#define TRIES 20

static const struct ledger_row rows[] = {
	LEDGER_ONE(struct ring_account, counters),
	LEDGER_ONE(struct ring_account, before),
	{0, 0, 0},
};

static uint64_t records_made(const struct counters *counters)
{
	uint64_t sum = 0;

	for (unsigned int cpu = 0; cpu < counters->cpus; cpu++)
		sum += counters_sum(counters, cpu, DOVETAP_COUNTS_RECORD);
	return sum;
}

static uint64_t taken_once(const struct pipeline_stats *stats)
{
	return stats->events - stats->again;
}

int ring_account_open(struct ring_account *account, struct ledger_block *ledger,
		      const struct counters *counters, const struct pipeline_stats *stats,
		      ring_untaken *untaken, void *context, struct error *error_r)
{
	struct ring_account kept = {.before = 0};
	uint64_t made = 0, waiting = 0;
	int ret = 0;

	if (ledger_read(ledger, rows, &kept) && kept.counters == account->counters) {
		*account = kept;
		return 0;
	}
	/* Logins go on meanwhile: until none came in between. */
	for (unsigned int i = 0; i < TRIES && made != records_made(counters) && ret == 0; i++) {
		made = records_made(counters);
		ret = untaken(context, &waiting, error_r);
	}
	account->before = made - waiting - taken_once(stats);
	if (ret == 0)
		ledger_write(ledger, rows, account);
	return ret;
}

int64_t ring_account_waiting(const struct ring_account *account, const struct counters *counters,
			     const struct pipeline_stats *stats)
{
	return (int64_t)(records_made(counters) - account->before - taken_once(stats));
}
