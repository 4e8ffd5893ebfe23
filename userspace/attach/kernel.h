/* SPDX-License-Identifier: MIT */
/*
 * Whether this kernel and this process's rights are enough to attach, with advice where not.
 * For "dovetap check", and for the text of a refusal at start-up.
 */
#ifndef DOVETAP_ATTACH_KERNEL_H
#define DOVETAP_ATTACH_KERNEL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

enum kernel_state {
	KERNEL_OK,
	KERNEL_WARNING, /* works, with a limit that advice names */
	KERNEL_BAD,	/* dovetap cannot run */
};

struct kernel_check {
	const char *name; /* "kernel", "uprobes", "uprobe_multi", "capabilities"... */
	enum kernel_state state;
	char found[160];  /* as found */
	char advice[256]; /* what to do; "" when all is well */
};

#define KERNEL_CHECK_COUNT 7

/* Fills all checks, best order for a reader. Needs no rights: what cannot be determined is marked
 * so. */
void kernel_check_all(struct kernel_check checks_r[KERNEL_CHECK_COUNT]);

/* True if the kernel takes uprobe_multi links; by its release number when this process may not
 * try. */
bool kernel_has_uprobe_multi(void);

/* True if BPF maps count as locked memory (before 5.11), whose limit may be in the way. */
bool kernel_counts_memlock(void);

/*
 * Returns 0 if the process has the capabilities for the path that will be used (multi or perf),
 * else -EPERM with a text that names each one that is missing.
 */
int kernel_require_capabilities(bool multi, struct error *error_r);

#endif
