/* SPDX-License-Identifier: MIT */
/*
 * What is known of a probe that an earlier process has left: all of it stands in the name under
 * which the probe was kept.
 *
 *	mail_user-9f86d081884c7d65-fd01-2a41c-18a0c8f3b1e2d400-4f1a8-3f7b...
 *	role      generation       dev  inode change time      size  build id, or 0
 *
 * The generation is that of the programs behind the probe and of what they write into: the same
 * means that attaching anew would change nothing (attach.h).
 */
#ifndef DOVETAP_ATTACH_LINK_NAME_H
#define DOVETAP_ATTACH_LINK_NAME_H

#include <stdbool.h>
#include <stdint.h>

#include "base/fd_store.h"
#include "priv/proto.h"
#include "search/file_id.h"

struct link_name {
	enum priv_role role;
	uint64_t generation;
	struct file_id id;
};

void link_name_format(const struct link_name *name, char text_r[FD_STORE_NAME_MAX]);

/* False if text is no such name. */
bool link_name_parse(const char *text, struct link_name *name_r);

#endif
