/* SPDX-License-Identifier: MIT */
#include "capture/shares.h"

#include <inttypes.h>

#include "base/log.h"

static const struct {
	enum dovetap_counter counter;
	const char *sources;
} classes[SHARES_CLASSES] = {
	{DOVETAP_COUNT_BUDGET_DOVECOT,
	 "of one Dovecot, beside others, while the ring is nearly full"},
	{DOVETAP_COUNT_BUDGET_USER, "of a user's own programs or container"},
	{DOVETAP_COUNT_BUDGET_UNRELATED, "of programs that are not Dovecot's"},
};

void shares_begin(struct shares *shares, const struct counters *counters)
{
	for (unsigned int i = 0; i < SHARES_CLASSES; i++)
		shares->logged[i] = counter_value(counters, classes[i].counter);
}

static void look_at(struct shares *shares, unsigned int class, uint64_t count, int64_t now_ns)
{
	if (count == shares->logged[class] || now_ns < shares->next_ns[class])
		return;
	log_warning("%" PRIu64 " records were dropped that had more than their share: %s (%s)",
		    count - shares->logged[class], classes[class].sources,
		    counter_name(classes[class].counter));
	shares->logged[class] = count;
	shares->next_ns[class] = now_ns + SHARES_NS;
}

void shares_look(struct shares *shares, const struct counters *counters, int64_t now_ns)
{
	for (unsigned int i = 0; i < SHARES_CLASSES; i++)
		look_at(shares, i, counter_value(counters, classes[i].counter), now_ns);
}
