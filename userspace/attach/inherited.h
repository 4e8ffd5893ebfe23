/* SPDX-License-Identifier: MIT */
/* What an earlier process has left in the fd stores, and what of it is not claimed yet. */
#ifndef DOVETAP_ATTACH_INHERITED_H
#define DOVETAP_ATTACH_INHERITED_H

#include <stddef.h>

#include "attach/fd_stores.h"
#include "attach/link_name.h"

#define INHERITED_RINGS_MAX 4 /* of different sizes; one is usual, two after a change */

struct inherited_ring {
	char name[FD_STORE_NAME_MAX];
	int fd;
	uint32_t id; /* the kernel's; set when it is taken over */
};

struct inherited_link {
	struct link_name is;
	char name[FD_STORE_NAME_MAX];
	int fd;
	struct inherited_link *next;
};

struct inherited {
	struct inherited_ring rings[INHERITED_RINGS_MAX];
	size_t ring_count;
	int counters_fd; /* -1: none */
	int accounts_fd; /* the same */
	int masters_fd;	 /* the same */
	int descents_fd; /* the same */
	struct inherited_link *links;
};

#define INHERITED_NOTHING                                                                          \
	{                                                                                          \
		.counters_fd = -1, .accounts_fd = -1, .masters_fd = -1, .descents_fd = -1          \
	}

/* Names that are not ours are left alone. */
void inherited_take(struct inherited *inherited, struct fd_stores *fd_stores);
void inherited_release(struct inherited *inherited); /* nothing is detached or dropped */

/* The link of this generation on the file, or NULL. It leaves the list: its descriptor and memory
 * are the caller's. */
struct inherited_link *inherited_claim(struct inherited *inherited, enum priv_role role,
				       const struct file_id *id, uint64_t generation);

/* Detaches it for good. */
void inherited_detach(struct inherited *inherited, const struct fd_stores *fd_stores,
		      struct inherited_link *link);

/* Detaches all links on the file. Returns how many there were. */
unsigned int inherited_detach_file(struct inherited *inherited, const struct fd_stores *fd_stores,
				   enum priv_role role, const struct file_id *id);

#endif
