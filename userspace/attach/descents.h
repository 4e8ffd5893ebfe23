/* SPDX-License-Identifier: MIT */
/*
 * Which processes descend from a Dovecot master, remembered by the kernel for when that master has
 * ended (bpf/descents.bpf.h). The map is one of maps.h, because the probes' programs look there.
 */
#ifndef DOVETAP_ATTACH_DESCENTS_H
#define DOVETAP_ATTACH_DESCENTS_H

#include <stdint.h>

#include "attach/fd_stores.h"
#include "attach/kernel_types.h"
#include "attach/maps.h"
#include "base/error.h"

struct descents;

/*
 * Watches, from now on, what is executed, and looks at what runs. Makes the map unless maps has it,
 * and keeps it in the fd stores, which may be NULL. Returns 0; -ENOTSUP where the kernel has no
 * such storage for programs (before Linux 5.12) or its structs are not known; another errno.
 */
int descents_new(const struct kernel_facts *kernel, struct maps *maps, struct fd_stores *fd_stores,
		 struct descents **descents_r, struct error *error_r);

/* For when another file counts as a master; takes NULL. */
void descents_look_again(const struct descents *descents);

void descents_free(struct descents **descents); /* takes NULL, sets NULL */

#endif
