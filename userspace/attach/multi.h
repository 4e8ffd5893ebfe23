/* SPDX-License-Identifier: MIT */
/*
 * uprobe_multi links by the raw system call: libbpf learnt them in 1.3, Debian 12 has 1.1, and
 * its kernel headers are older than the kernels dovetap runs on.
 */
#ifndef DOVETAP_ATTACH_MULTI_H
#define DOVETAP_ATTACH_MULTI_H

#include <stdbool.h>
#include <stdint.h>

#define MULTI_ATTACH_TYPE 48 /* BPF_TRACE_UPROBE_MULTI: set on a program before it is loaded */

/* True if the kernel has them and this process may make them; asks the kernel each time. */
bool multi_supported(void);

/* Links program_fd to offset of the file at path for all processes; the program gets the cookie.
 * Returns the link's descriptor or a negative errno. */
int multi_link(int program_fd, const char *path, uint64_t offset, uint64_t cookie);

#endif
