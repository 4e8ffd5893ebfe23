/* SPDX-License-Identifier: MIT */
/* The numbers of a pipeline that outlive the process, as its block of the ledger has them. */
#ifndef DOVETAP_PIPELINE_ACCOUNT_H
#define DOVETAP_PIPELINE_ACCOUNT_H

#include "base/ledger.h"
#include "pipeline/pipeline.h"

struct account {
	struct pipeline_stats stats;
	struct deliver_stats delivered;
	uint64_t exposures; /* that took place, or one less than that */
	uint64_t waiting;   /* for a partner or a proof: the source gives them again */
	struct source_mark marks[SOURCE_MARKS];
};

/* False, and nothing is changed, when there is none. */
bool account_read(const struct ledger_block *ledger, struct account *account_r);
void account_write(struct ledger_block *ledger, const struct account *account);

#endif
