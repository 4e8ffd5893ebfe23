/* SPDX-License-Identifier: MIT */
#include "base/clock.h"

#include <inttypes.h>
#include <time.h>

static int64_t read_ns(clockid_t id)
{
	struct timespec ts;

	/* Cannot fail for these clocks with a valid pointer (clock_gettime(2)). */
	(void)clock_gettime(id, &ts);
	return ts.tv_sec * NS_PER_SEC + ts.tv_nsec;
}

int64_t clock_boot_ns(void)
{
	return read_ns(CLOCK_BOOTTIME);
}

int64_t clock_wall_ns(void)
{
	return read_ns(CLOCK_REALTIME);
}

int64_t clock_monotonic_ns(void)
{
	return read_ns(CLOCK_MONOTONIC);
}

void clock_sample(struct clock_offset *offset)
{
	int64_t best = INT64_MAX;

	/* Being preempted between the two reads would skew the offset: take the tightest. */
	for (int i = 0; i < 5; i++) {
		int64_t before = clock_boot_ns(), wall = clock_wall_ns();
		int64_t after = clock_boot_ns();

		if (after - before >= best)
			continue;
		best = after - before;
		offset->wall_minus_boot = wall - (before + (after - before) / 2);
	}
}

int64_t clock_to_wall(const struct clock_offset *offset, uint64_t boot_ns)
{
	return (int64_t)boot_ns + offset->wall_minus_boot;
}

int clock_append_utc(struct buf *out, int64_t wall_ns)
{
	time_t seconds = (time_t)(wall_ns / NS_PER_SEC);
	char text[32];
	struct tm tm;

	if (!gmtime_r(&seconds, &tm) || strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm) == 0)
		return out->failed;
	return buf_appendf(out, "%s.%06" PRId64 "Z", text,
			   (int64_t)(wall_ns % NS_PER_SEC / NS_PER_USEC));
}
