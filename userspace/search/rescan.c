/* SPDX-License-Identifier: MIT */
#include "search/rescan.h"

#include <fcntl.h>
#include <unistd.h>

void relook_add(struct relook *relook, const struct process *process, int64_t now_ns)
{
	size_t at = (relook->first + relook->count) % RELOOK_MAX;
	int fd;

	if (relook->count == RELOOK_MAX)
		return;
	fd = fcntl(process->fd, F_DUPFD_CLOEXEC, 0);
	if (fd < 0)
		return;
	relook->list[at].pid = process->pid;
	relook->list[at].fd = fd;
	relook->list[at].at_ns = now_ns + RELOOK_NS;
	relook->count++;
}

int64_t relook_due_ns(const struct relook *relook)
{
	return relook->count > 0 ? relook->list[relook->first].at_ns : INT64_MAX;
}

static void advance(struct relook *relook)
{
	relook->first = (relook->first + 1) % RELOOK_MAX;
	relook->count--;
}

bool relook_take(struct relook *relook, int64_t now_ns, struct process *process_r)
{
	while (relook->count > 0 && relook->list[relook->first].at_ns <= now_ns) {
		pid_t pid = relook->list[relook->first].pid;
		int fd = relook->list[relook->first].fd;

		advance(relook);
		if (process_identify_fd(fd, pid, process_r) == 0)
			return true;
	}
	return false;
}

void relook_release(struct relook *relook)
{
	while (relook->count > 0) {
		close(relook->list[relook->first].fd);
		advance(relook);
	}
}
