/* SPDX-License-Identifier: MIT */
#include "search/file_table.h"

#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <utlist.h>

#define ALIASES_MAX	128
#define REWRITES_FREE	3 /* of a file; each more takes twice as long */
#define REWRITE_WAIT	(1 * NS_PER_SEC)
#define REWRITES_MAX	12		    /* counted: more than an hour */
#define REWRITES_FORGET (7200 * NS_PER_SEC) /* since the last one */

struct known {
	struct build build;
	uint64_t aliases[ALIASES_MAX]; /* other devices on which it was last recognised */
	size_t alias_count;
	uint64_t namespaces;   /* that ever led to it: a bit for each, by its hash */
	bool restored;	       /* and no path has led to it yet */
	unsigned int rewrites; /* of the inode, lately */
	int64_t written_ns;    /* when it was found so, monotonic */
	unsigned int seen;     /* number of the search that last led to it */
	struct known *next;
};

static void release(struct known *known)
{
	build_release(&known->build);
	free(known);
}

void known_release(struct known_files *files)
{
	struct known *known, *next;

	LL_FOREACH_SAFE(files->list, known, next)
		release(known);
	*files = (struct known_files){0};
}

static bool is_on(const struct known *known, uint64_t device)
{
	if (known->build.id.dev == device)
		return true;
	for (size_t i = 0; i < known->alias_count && i < ALIASES_MAX; i++) {
		if (known->aliases[i] == device)
			return true;
	}
	return false;
}

/* Saves reading it again at the next look. The containers of the oldest may be gone. */
static void add_alias(struct known *known, uint64_t device)
{
	if (!is_on(known, device))
		known->aliases[known->alias_count++ % ALIASES_MAX] = device;
}

static uint64_t bit_of(uint64_t namespace)
{
	return 1ULL << (namespace * 0x9e3779b97f4a7c15ULL >> 58);
}

/* Older processes may run what a copy was made of: as long as something leads to the copy. */
static void mark_seen(const struct known_files *files, struct known *seen)
{
	struct known *known;

	LL_FOREACH(files->list, known) {
		if (known != seen && !file_id_copied_up(&known->build.id, &seen->build.id))
			continue;
		known->seen = files->search;
		known->namespaces |= bit_of(files->namespace);
	}
}

bool known_has_to_wait(const struct known_files *files, const struct stat *st, int64_t now_ns)
{
	struct known *known;

	LL_FOREACH(files->list, known) {
		if (known->restored || known->build.id.ino != st->st_ino ||
		    !is_on(known, st->st_dev) || known->rewrites <= REWRITES_FREE)
			continue;
		if (now_ns - known->written_ns < REWRITE_WAIT
							 << (known->rewrites - REWRITES_FREE)) {
			mark_seen(files, known);
			return true;
		}
	}
	return false;
}

static unsigned int count_rewrites(const struct build *replaced, int64_t now_ns)
{
	const struct known *known = (const struct known *)replaced; /* its first member */

	if (!replaced || now_ns - known->written_ns > REWRITES_FORGET)
		return 0;
	return known->rewrites < REWRITES_MAX ? known->rewrites + 1 : REWRITES_MAX;
}

bool known_has(const struct known_files *files, const struct stat *st)
{
	struct known *known;
	struct file_id id;

	file_id_from_stat(&id, st);
	LL_FOREACH(files->list, known) {
		if (!known->restored && known->build.id.ino == id.ino &&
		    known->build.id.size == id.size && known->build.id.ctime_ns == id.ctime_ns &&
		    is_on(known, id.dev)) {
			mark_seen(files, known);
			return true;
		}
	}
	return false;
}

void known_saw_deleted(const struct known_files *files, enum priv_role role)
{
	struct known *known;

	LL_FOREACH(files->list, known) {
		if (known->build.role == role)
			known->seen = files->search;
	}
}

void known_left_out(const struct known_files *files, uint64_t namespace)
{
	struct known *known;

	LL_FOREACH(files->list, known) {
		if (known->namespaces & bit_of(namespace))
			known->seen = files->search;
	}
}

/*
 * A chmod or a new link moves the change time of a file under all its paths. The time is read
 * anew when a file of another device is compared; on the same device it does not count. Where the
 * file was copied up in its overlay, the new time is the copy's: then the old one is the file's.
 */
static bool is_same(struct build *build, const struct file_id *other)
{
	struct file_id now = build->id;
	struct statx stx;

	if (file_id_equal(&build->id, other))
		return true;
	/* What the kernel knows is enough; another file's server is not asked, it may not answer.
	 */
	if (build->id.ino != other->ino || build->id.dev == other->dev || build->fd < 0 ||
	    statx(build->fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_CTIME | STATX_SIZE,
		  &stx) < 0 ||
	    stx.stx_size != build->id.size)
		return false;
	now.ctime_ns = stx.stx_ctime.tv_sec * NS_PER_SEC + stx.stx_ctime.tv_nsec;
	if (!file_id_equal(&now, other))
		return false;
	build->id.ctime_ns = now.ctime_ns;
	return true;
}

/* The one that is the same file; else NULL, and the one that it overwrites in *replaced_r. */
static struct known *find(const struct known_files *files, const struct file_id *id,
			  const struct build **replaced_r)
{
	struct known *known;

	LL_FOREACH(files->list, known) {
		if (is_same(&known->build, id))
			return known;
		if (file_id_overwritten(&known->build.id, id))
			*replaced_r = &known->build;
	}
	return NULL;
}

static bool is_full(const struct known_files *files, uint64_t device)
{
	const struct known *known;
	size_t count = 0;

	LL_FOREACH(files->list, known)
		count += known->build.id.dev == device;
	return files->count >= KNOWN_MAX || count >= KNOWN_MAX_PER_DEVICE;
}

/* It is the file that a probe was left on: now all is known of it. */
static const struct build *complete(const struct known_files *files, struct known *known,
				    struct build *build)
{
	known->build = *build;
	known->restored = false;
	known->seen = files->search;
	known->namespaces = bit_of(files->namespace);
	return &known->build;
}

int known_restore(struct known_files *files, enum priv_role role, const struct file_id *id)
{
	const struct build *replaced = NULL;
	struct known *known = find(files, id, &replaced);

	if (known)
		return 0;
	known = calloc(1, sizeof(*known));
	if (!known)
		return -ENOMEM;
	known->build = (struct build){.role = role, .fd = -1, .id = *id};
	known->restored = true;
	known->seen = files->search;
	known->namespaces = ~0ULL; /* any of them may have */
	LL_APPEND(files->list, known);
	files->count++;
	return 0;
}

int known_add(struct known_files *files, struct build *build, const struct build **added_r,
	      const struct build **replaced_r)
{
	struct known *known;

	*added_r = *replaced_r = NULL;
	known = find(files, &build->id, replaced_r);
	if (known && known->restored) {
		*added_r = complete(files, known, build);
		return 0;
	}
	if (known) {
		mark_seen(files, known);
		add_alias(known, build->id.dev);
		if (known->build.id.dev == build->id.dev)
			known->build.id.ctime_ns = build->id.ctime_ns;
		build_release(build);
		return 0;
	}
	if (is_full(files, build->id.dev)) {
		build_release(build);
		return -ENOSPC;
	}
	known = calloc(1, sizeof(*known));
	if (!known) {
		build_release(build);
		return -ENOMEM;
	}
	known->build = *build;
	known->seen = files->search;
	known->namespaces = bit_of(files->namespace);
	known->written_ns = clock_monotonic_ns();
	known->rewrites = count_rewrites(*replaced_r, known->written_ns);
	LL_APPEND(files->list, known);
	files->count++;
	*added_r = &known->build;
	return 0;
}

const struct build *known_next_lost(const struct known_files *files)
{
	const struct known *known;

	LL_FOREACH(files->list, known) {
		if (files->search - known->seen >= 2)
			return &known->build;
	}
	return NULL;
}

const struct build *known_next_unused(const struct known_files *files)
{
	const struct known *known;

	LL_FOREACH(files->list, known) {
		if (known->build.unused)
			return &known->build;
	}
	return NULL;
}

void known_drop(struct known_files *files, const struct build *build)
{
	struct known **at = &files->list, *known;

	while (*at && &(*at)->build != build)
		at = &(*at)->next;
	known = *at;
	if (!known)
		return;
	*at = known->next;
	files->count--;
	release(known);
}
