/* SPDX-License-Identifier: MIT */
#include "search/fuse.h"

#include <errno.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/vfs.h>

int fuse_check(int fd, struct error *error_r)
{
	struct statfs fs;

	if (fstatfs(fd, &fs) < 0)
		return error_set(error_r, EREMOTE, "its file system cannot be determined: %s",
				 strerror(errno));
	if (fs.f_type != FUSE_SUPER_MAGIC)
		return 0;
	return error_set(error_r, EREMOTE,
			 "it is on a FUSE file system, whose server could stop this machine while "
			 "a probe is set; if you trust it: attach_fuse = yes");
}
