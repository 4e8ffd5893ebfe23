/* SPDX-License-Identifier: MIT */
/*
 * Running processes, from /proc. A process may end at any moment; each of these then returns a
 * negative errno (mostly -ENOENT or -ESRCH), also when another one has got its number meanwhile:
 * all is read through one descriptor, which belongs to the process itself.
 */
#ifndef DOVETAP_SEARCH_PROCESS_H
#define DOVETAP_SEARCH_PROCESS_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "base/error.h"

struct process {
	pid_t pid;
	int fd;		      /* its directory in /proc, O_PATH; -1 when closed */
	uint64_t namespace;   /* of mounts: its id; before Linux 6.11 its inode number, which
			       * another one may get later; 0: it is ours */
	struct stat exe_stat; /* of its executable */
	int root_fd;	      /* O_PATH of the directory that the paths start from; -1 if it is
			       * out of reach */
	char prefix[32];      /* "/proc/PID/root"; "" if the paths are ours */
	char root[PATH_MAX];  /* its root as seen from here: "/" or where it has chrooted to */
	char exe[PATH_MAX];   /* below root_fd, without " (deleted)" */
	bool deleted;	      /* its executable was removed or replaced */
};

/*
 * In three steps. The first fills pid, fd, namespace, exe (as seen from there) and deleted, and
 * needs no answer but the kernel's. The second fills exe_stat: enough to decide whether the process
 * is of interest. The third fills the rest. To be closed after the first has succeeded.
 */
int process_identify(pid_t pid, struct process *process_r);

/* The same for one whose fd was kept, which is taken over. */
int process_identify_fd(int fd, pid_t pid, struct process *process_r);

int process_stat_exe(struct process *process);
int process_open(struct process *process);
void process_close(struct process *process);

/* Its executable itself, not what is at the path now, for reading. */
int process_open_exe(const struct process *process);
int process_open_exe_path(const struct process *process); /* O_PATH */

struct process_library {
	const char *path;  /* below root_fd */
	const char *range; /* of addresses, as in /proc/PID/maps */
	uint64_t inode;
	bool deleted; /* the file was removed or replaced */
};

/* Calls fn for each file that is mapped to be executed. */
typedef void process_library_fn(void *ctx, const struct process *process,
				const struct process_library *library);
int process_libraries(const struct process *process, process_library_fn *fn, void *ctx);

/*
 * Opens the file that is mapped there for reading; one that was deleted takes CAP_SYS_ADMIN or
 * CAP_CHECKPOINT_RESTORE.
 */
int process_open_library(const struct process *process, const struct process_library *library);

/* Calls fn for each process id in /proc. */
typedef void process_pid_fn(void *ctx, pid_t pid);
int process_each(process_pid_fn *fn, void *ctx, struct error *error_r);

#endif
