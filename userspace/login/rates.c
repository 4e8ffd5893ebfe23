/* SPDX-License-Identifier: MIT */
#include "login/rates.h"

#include "base/clock.h"

/* Empties the seconds that have passed since the last one. */
static void turn(struct rates *rates, int64_t now_ns)
{
	int64_t second = now_ns / NS_PER_SEC, first = rates->second + 1;

	if (second - first >= RATES_SECONDS)
		first = second - RATES_SECONDS + 1;
	for (; first <= second; first++)
		memset(rates->counts[first % RATES_SECONDS], 0, sizeof(rates->counts[0]));
	if (second > rates->second)
		rates->second = second;
}

void rates_note(struct rates *rates, enum login_event_kind kind, int64_t now_ns)
{
	turn(rates, now_ns);
	rates->counts[rates->second % RATES_SECONDS][kind]++;
	rates->totals[kind]++;
}

double rates_per_second(struct rates *rates, enum login_event_kind kind, int64_t now_ns,
			unsigned int seconds)
{
	uint64_t sum = 0;

	turn(rates, now_ns);
	for (unsigned int i = 1; i <= seconds; i++)
		sum += rates->counts[(rates->second - i + RATES_SECONDS) % RATES_SECONDS][kind];
	return (double)sum / seconds;
}
