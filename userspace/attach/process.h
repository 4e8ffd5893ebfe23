/* SPDX-License-Identifier: MIT */
/* What /proc tells about running Dovecot processes. A process may end at any moment; each of
 * these then returns a negative errno (mostly -ENOENT or -ESRCH). */
#ifndef DOVETAP_ATTACH_PROCESS_H
#define DOVETAP_ATTACH_PROCESS_H

#include "base/error.h"

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct process {
	pid_t pid;
	uint64_t namespace;  /* number of its mount namespace */
	int root_fd;	     /* O_PATH of the directory that the paths start from; -1 if it is
			      * out of reach */
	char prefix[32];     /* "/proc/PID/root"; "" if the paths are ours */
	char root[PATH_MAX]; /* its root as seen from here: "/" or where it has chrooted to */
	char exe[PATH_MAX];  /* below root_fd, without " (deleted)" */
	bool deleted;	     /* its executable was removed or replaced */
};

/*
 * In two steps. The first fills pid, namespace, exe (as seen from the namespace) and deleted, and
 * opens nothing; -ENOENT if it is none of Dovecot's: its executable's path does not contain
 * "dovecot". The second fills the rest.
 */
int process_identify(pid_t pid, struct process *process_r);
int process_open(struct process *process);
void process_close(struct process *process);

/* Its executable itself, whatever stands at the path now, for reading. */
int process_open_exe(const struct process *process);

/*
 * Calls fn for each library mapped whose file name begins with "libdovecot-": path is below
 * root_fd. For a file that was removed or replaced, deleted is set and open_fd, a descriptor of
 * the mapped file that fn takes over, may be there (it takes CAP_SYS_ADMIN or
 * CAP_CHECKPOINT_RESTORE); else -1.
 */
typedef void process_library_fn(void *ctx, const struct process *process, const char *path,
				bool deleted, int open_fd);
int process_libraries(const struct process *process, process_library_fn *fn, void *ctx);

/* Calls fn for each process id in /proc. */
typedef void process_pid_fn(void *ctx, pid_t pid);
int process_each(process_pid_fn *fn, void *ctx, struct error *error_r);

#endif
