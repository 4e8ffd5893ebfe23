/* SPDX-License-Identifier: MIT */
#include "search/read_budget.h"

#include <stddef.h>

#include "base/clock.h"
#include "search/elf.h"

static void refill(struct read_share *share, int64_t rate, int64_t now_ns)
{
	/* Whole milliseconds, so that nothing overflows and little is cut. */
	int64_t ms = (now_ns - share->at_ns) / NS_PER_MSEC;

	if (share->used == 0 || ms > share->used * 1000 / rate + 1)
		share->used = 0;
	else
		share->used -= ms * rate / 1000;
	if (share->used < 0)
		share->used = 0;
	share->at_ns = now_ns;
}

/* The device's share; else that of the device which has used least. */
static struct read_share *find(struct read_budget *budget, uint64_t device, int64_t now_ns)
{
	struct read_share *least = &budget->devices[0];

	for (size_t i = 0; i < READ_BUDGET_DEVICES; i++) {
		struct read_share *share = &budget->devices[i];

		refill(share, READ_BUDGET_SHARE_RATE, now_ns);
		if (share->used > 0 && share->device == device)
			return share;
		if (share->used < least->used)
			least = share;
	}
	*least = (struct read_share){.device = device, .at_ns = now_ns};
	return least;
}

bool read_budget_allows(struct read_budget *budget, uint64_t device, int64_t now_ns)
{
	refill(&budget->all, READ_BUDGET_ALL_RATE, now_ns);
	return budget->all.used < READ_BUDGET_ALL &&
	       find(budget, device, now_ns)->used < READ_BUDGET_SHARE;
}

void read_budget_spend(struct read_budget *budget, uint64_t device, int64_t bytes, int64_t now_ns)
{
	bytes = bytes < READ_BUDGET_LOOK_MIN ? READ_BUDGET_LOOK_MIN : bytes;
	bytes = bytes > ELF_FILE_MAX ? ELF_FILE_MAX : bytes;
	refill(&budget->all, READ_BUDGET_ALL_RATE, now_ns);
	budget->all.used += bytes;
	find(budget, device, now_ns)->used += bytes;
}
