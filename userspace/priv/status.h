/* SPDX-License-Identifier: MIT */
/* The rights of a running process, from /proc/PID/status. */
#ifndef DOVETAP_PRIV_STATUS_H
#define DOVETAP_PRIV_STATUS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/error.h"

struct priv_status {
	char name[16];
	pid_t parent;
	uid_t uid;	       /* effective */
	uint64_t capabilities; /* permitted, by bit number */
	uint64_t bounding;     /* what an exec could give back */
	bool no_new_privs;
	bool seccomp;	      /* has a list of system calls */
	unsigned int filters; /* how many; 0 on kernels before 5.9, which do not report it */
};

/* text is that of the file. Lines that are missing count as 0. */
void priv_status_parse(const char *text, struct priv_status *status_r);

/* Returns 0 or a negative errno; a process may end at any moment. */
int priv_status_read(pid_t pid, struct priv_status *status_r);

/* "bpf, perfmon"; "none". */
void priv_status_name_capabilities(uint64_t capabilities, struct buf *out);

#endif
