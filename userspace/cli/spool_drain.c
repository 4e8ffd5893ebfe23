/* SPDX-License-Identifier: MIT */
#include "cli/spool_drain.h"

#include "base/clock.h"
#include "pipeline/targets.h"
#include "store/spool/spool.h"

#define BATCH	   1000
#define TIMEOUT_NS (30 * NS_PER_SEC)

/* Returns how many entries the dict is done with, 0 at the end, or a negative errno. */
static int drain_batch(struct spool *spool, struct dict *dict, struct error *error_r)
{
	struct spool_batch batch = {0};
	int ret = spool_read(spool, BATCH, &batch, error_r), done = 0;

	if (ret < 0 || batch.count == 0) {
		spool_batch_release(&batch);
		return ret;
	}
	ret = dict_write(dict, batch.entries, batch.count, clock_monotonic_ns() + TIMEOUT_NS,
			 error_r);
	for (size_t i = 0; i < batch.count; i++)
		done += batch.entries[i].outcome == DICT_STORED ||
			batch.entries[i].outcome == DICT_UNCHANGED ||
			batch.entries[i].outcome == DICT_REFUSED;
	if (ret == 0)
		ret = spool_apply_outcomes(spool, batch.entries, batch.count, error_r);
	spool_batch_release(&batch);
	return ret < 0 ? ret : done;
}

int64_t spool_drain(const struct plan *plan, size_t index, struct error *error_r)
{
	struct spool *spool = NULL;
	struct dict *dict = NULL;
	int64_t left;
	int ret = plan_dict_open(plan, index, &dict, error_r);

	if (ret == 0)
		ret = targets_open_spool(plan, index, &spool, error_r);
	if (ret == 0)
		ret = spool_release_held(spool, error_r);
	while (ret == 0) {
		int done = drain_batch(spool, dict, error_r);

		if (done <= 0) {
			ret = done;
			break;
		}
	}
	left = ret < 0 || !spool ? ret : (int64_t)spool_count(spool);
	spool_close(&spool);
	dict_close(&dict);
	return left;
}
