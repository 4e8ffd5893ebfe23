/* SPDX-License-Identifier: MIT */
#include "search/file_id.h"

#include <fcntl.h>
#include <string.h>

#include "base/clock.h"

void file_id_from_stat(struct file_id *id_r, const struct stat *st)
{
	*id_r = (struct file_id){
		.dev = st->st_dev,
		.ino = st->st_ino,
		.ctime_ns = st->st_ctim.tv_sec * NS_PER_SEC + st->st_ctim.tv_nsec,
		.size = (uint64_t)st->st_size,
	};
}

static bool same_build(const struct file_id *a, const struct file_id *b)
{
	return a->build_id_len == b->build_id_len &&
	       memcmp(a->build_id, b->build_id, a->build_id_len) == 0;
}

void file_id_add_birth(struct file_id *id, int fd)
{
	struct statx stx;

	if (statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_BTIME, &stx) == 0 &&
	    (stx.stx_mask & STATX_BTIME))
		id->btime_ns = stx.stx_btime.tv_sec * NS_PER_SEC + stx.stx_btime.tv_nsec;
}

bool file_id_copied_up(const struct file_id *a, const struct file_id *b)
{
	return a->dev == b->dev && a->ino == b->ino && a->btime_ns != 0 && b->btime_ns != 0 &&
	       a->btime_ns != b->btime_ns;
}

static bool same_content(const struct file_id *a, const struct file_id *b)
{
	return a->ino == b->ino && a->size == b->size && same_build(a, b);
}

bool file_id_equal(const struct file_id *a, const struct file_id *b)
{
	if (a->dev != b->dev || !same_content(a, b) || file_id_copied_up(a, b))
		return false;
	/* Without a build id a changed time on the same inode may mean changed code. */
	return a->ctime_ns == b->ctime_ns || a->build_id_len > 0;
}

bool file_id_alike(const struct file_id *a, const struct file_id *b)
{
	return a->dev != b->dev && same_content(a, b) && a->ctime_ns == b->ctime_ns &&
	       (a->build_id_len > 0 || a->ctime_ns % NS_PER_SEC != 0);
}

bool file_id_overwritten(const struct file_id *a, const struct file_id *b)
{
	return a->dev == b->dev && a->ino == b->ino && !file_id_equal(a, b) &&
	       !file_id_copied_up(a, b);
}
