/* SPDX-License-Identifier: MIT */
#include "search/rescan.h"

#include <fcntl.h>
#include <unistd.h>

void rescan_add(struct rescan *rescan, const struct process *process, int64_t now_ns)
{
	size_t at = (rescan->first + rescan->count) % RESCAN_MAX;
	int fd;

	if (rescan->count == RESCAN_MAX)
		return;
	fd = fcntl(process->fd, F_DUPFD_CLOEXEC, 0);
	if (fd < 0)
		return;
	rescan->list[at].pid = process->pid;
	rescan->list[at].fd = fd;
	rescan->list[at].at_ns = now_ns + RESCAN_DELAY_NS;
	rescan->count++;
}

int64_t rescan_due_ns(const struct rescan *rescan)
{
	return rescan->count > 0 ? rescan->list[rescan->first].at_ns : INT64_MAX;
}

static void advance(struct rescan *rescan)
{
	rescan->first = (rescan->first + 1) % RESCAN_MAX;
	rescan->count--;
}

bool rescan_take(struct rescan *rescan, int64_t now_ns, struct process *process_r)
{
	while (rescan->count > 0 && rescan->list[rescan->first].at_ns <= now_ns) {
		pid_t pid = rescan->list[rescan->first].pid;
		int fd = rescan->list[rescan->first].fd;

		advance(rescan);
		if (process_identify_fd(fd, pid, process_r) == 0)
			return true;
	}
	return false;
}

void rescan_release(struct rescan *rescan)
{
	while (rescan->count > 0) {
		close(rescan->list[rescan->first].fd);
		advance(rescan);
	}
}
