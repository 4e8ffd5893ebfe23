/* SPDX-License-Identifier: MIT */
/* What a running process uses, from /proc/PID: no rights are needed for another user's. */
#ifndef DOVETAP_PRIV_USAGE_H
#define DOVETAP_PRIV_USAGE_H

#include <stdint.h>
#include <sys/types.h>

struct priv_usage {
	double cpu_seconds;
	double started; /* seconds since 1970 */
	uint64_t virtual_bytes, resident_bytes;
	uint64_t open_fds; /* 0: not known, of another process before Linux 6.2 */
	uint64_t max_fds;  /* 0: no limit */
};

/* Returns 0 or a negative errno; a process may end at any moment. */
int priv_usage_read(pid_t pid, struct priv_usage *usage_r);

/* Of the text of /proc/PID/stat; booted is in seconds since 1970. 0 or -EPROTO. */
int priv_usage_parse(const char *stat, double booted, struct priv_usage *usage_r);

/* A child of that process with this name (/proc/PID/comm); 0: there is none, or the kernel keeps no
 * list of them (CONFIG_PROC_CHILDREN). */
pid_t priv_usage_child(pid_t parent, const char *name);

#endif
