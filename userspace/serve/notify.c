/* SPDX-License-Identifier: MIT */
#include "serve/notify.h"

#include <stdlib.h>
#include <systemd/sd-daemon.h>

#include "base/clock.h"

void notify_ready(unsigned int links)
{
	/* Without a service manager there is nobody to tell: not an error. */
	(void)sd_notifyf(0, "READY=1\nSTATUS=%u probes attached", links);
}

void notify_reloading(void)
{
	(void)sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%lld",
			 (long long)(clock_monotonic_ns() / NS_PER_USEC));
}

void notify_reloaded(void)
{
	(void)sd_notify(0, "READY=1");
}

int64_t notify_watchdog_ns(void)
{
	uint64_t usec;

	return sd_watchdog_enabled(0, &usec) > 0 ? (int64_t)usec * NS_PER_USEC : 0;
}

void notify_alive(void)
{
	(void)sd_notify(0, "WATCHDOG=1");
}

enum log_sink notify_log_sink(void)
{
	return getenv("JOURNAL_STREAM") ? LOG_SINK_JOURNAL : LOG_SINK_STDERR;
}
