/* SPDX-License-Identifier: MIT */
/*
 * Boot-clock stamps of the kernel as wall-clock times.
 *
 * Events carry CLOCK_BOOTTIME, which neither steps nor stops in suspend, so their order is the
 * order of the logins even if the wall clock is set. The offset between the two is sampled now and
 * then; all stamps converted with one sample keep their order and distances.
 */
#ifndef DOVETAP_CLOCK_H
#define DOVETAP_CLOCK_H

#include <stdint.h>

#include "base/buf.h"

#define NS_PER_SEC  1000000000LL
#define NS_PER_MSEC 1000000LL
#define NS_PER_USEC 1000LL

struct clock_offset {
	int64_t wall_minus_boot; /* ns */
};

int64_t clock_boot_ns(void);	  /* CLOCK_BOOTTIME */
int64_t clock_wall_ns(void);	  /* CLOCK_REALTIME */
int64_t clock_monotonic_ns(void); /* for deadlines */

void clock_sample(struct clock_offset *offset);

/* Wall-clock ns since 1970 of a boot-clock stamp. */
int64_t clock_to_wall(const struct clock_offset *offset, uint64_t boot_ns);

/* "2026-11-22T09:05:03.123456Z"; 0 or the buffer's error. */
int clock_append_utc(struct buf *out, int64_t wall_ns);

#endif
