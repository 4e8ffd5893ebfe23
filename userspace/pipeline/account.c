/* SPDX-License-Identifier: MIT */
#include "pipeline/account.h"

#define ONE(member)	    LEDGER_ONE(struct account, member)
#define ARRAY(member, room) LEDGER_ARRAY(struct account, member, room)

_Static_assert(sizeof(struct source_mark) == 2 * sizeof(uint64_t), "a mark is two numbers");

/* Appended to, never reordered (base/ledger.h). */
static const struct ledger_row rows[] = {
	ONE(waiting),
	ONE(exposures),
	{offsetof(struct account, marks), 2 * SOURCE_MARKS, 16},
	ONE(stats.events),
	ONE(stats.again),
	ONE(stats.undecodable),
	ONE(stats.other_version),
	ONE(stats.mixed),
	ARRAY(stats.filtered, 20),
	ARRAY(stats.others, 20),
	ARRAY(stats.kinds, 8),
	ONE(stats.joined),
	ONE(stats.unmatched),
	ONE(stats.cut_off),
	ONE(delivered.logins),
	ONE(delivered.unrouted),
	ARRAY(delivered.due, 8),
	ONE(delivered.unexpandable),
	ONE(delivered.submitted),
	ONE(stats.layout_refused),
	ARRAY(stats.judged, 12),
	{0, 0, 0},
};

bool account_read(const struct ledger_block *ledger, struct account *account_r)
{
	return ledger_read(ledger, rows, account_r);
}

void account_write(struct ledger_block *ledger, const struct account *account)
{
	ledger_write(ledger, rows, account);
}
