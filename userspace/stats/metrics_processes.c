/* SPDX-License-Identifier: MIT */
/* What each of the running processes uses, by the names of Prometheus' client libraries. */
#include <unistd.h>

#include "priv/usage.h"
#include "stats/metrics_private.h"

#define SEARCHER_NAME "dovetap-search" /* search/search.h */
#define U(member)     AT(struct priv_usage, member)
#define OF_A_PROCESS  .outer = "`attacher` `collector` `searcher`"

static const struct metric_row rows[] = {
	{.metric = {"process_cpu_seconds_total",
		    "Time on a CPU, in user space and in the kernel.",
		    METRIC_COUNTER,
		    {"process"}},
	 .advice = "For information. What a probe costs is Dovecot's time and not in it.",
	 OF_A_PROCESS,
	 U(cpu_seconds)},
	{.metric = {"process_start_time_seconds",
		    "When the process started, in seconds since 1970.",
		    METRIC_GAUGE,
		    {"process"}},
	 .advice = "Changes again and again: it crashes, the log has why.",
	 OF_A_PROCESS,
	 U(started)},
	{.metric = {"process_virtual_memory_bytes", "Address space.", METRIC_GAUGE, {"process"}},
	 .advice = "For information.",
	 OF_A_PROCESS,
	 U(virtual_bytes)},
	{.metric = {"process_resident_memory_bytes",
		    "Memory that it has, the program's files included.",
		    METRIC_GAUGE,
		    {"process"}},
	 .advice = "Alert near the limit of the service or container; `docs/sizing.md` has what is "
		   "normal.",
	 OF_A_PROCESS,
	 U(resident_bytes)},
	{.metric = {"process_open_fds",
		    "Open file descriptors; of other processes than the collector from Linux 6.2 "
		    "on.",
		    METRIC_GAUGE,
		    {"process"}},
	 .advice = "Alert near `process_max_fds`.",
	 OF_A_PROCESS,
	 .only_nonzero = true,
	 U(open_fds)},
	{.metric = {"process_max_fds",
		    "How many there may be; not there without a limit.",
		    METRIC_GAUGE,
		    {"process"}},
	 .advice = "For information: `LimitNOFILE` of the unit.",
	 OF_A_PROCESS,
	 .only_nonzero = true,
	 U(max_fds)},
};

const struct metric_table metrics_processes_table = METRIC_TABLE("Processes", rows);

struct running {
	const char *name;
	pid_t pid; /* 0: none */
	struct priv_usage usage;
};

void metrics_collect_processes(pid_t attacher, struct metrics *metrics)
{
	struct running running[] = {
		{.name = "attacher", .pid = attacher},
		{.name = "collector", .pid = getpid()},
		{.name = "searcher",
		 .pid = attacher > 0 ? priv_usage_child(attacher, SEARCHER_NAME) : 0},
	};
	const size_t count = sizeof(running) / sizeof(running[0]);

	for (size_t i = 0; i < count; i++) {
		if (running[i].pid > 0 && priv_usage_read(running[i].pid, &running[i].usage) < 0)
			running[i].pid = 0;
	}
	for (size_t row = 0; row < metrics_processes_table.count; row++) {
		for (size_t i = 0; i < count; i++) {
			if (running[i].pid > 0)
				metric_row_collect(&rows[row], &running[i].usage, running[i].name,
						   metrics);
		}
	}
}
