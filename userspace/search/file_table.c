/* SPDX-License-Identifier: MIT */
#include "search/file_table.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>
#include <utlist.h>

#include "base/clock.h"
#include "search/quota.h"
#include "search/same_inode.h"

#define ALIASES_MAX	128
#define REWRITES_FREE	3 /* of a file; each more takes twice as long */
#define REWRITE_WAIT	(1 * NS_PER_SEC)
#define REWRITES_MAX	12		    /* counted: more than an hour */
#define REWRITES_FORGET (7200 * NS_PER_SEC) /* since the last one */

struct known_file {
	struct binary binary;
	uint64_t aliases[ALIASES_MAX]; /* other devices on which it was last recognised */
	size_t alias_count;
	struct quota_owner owner;
	uint64_t namespaces;   /* that ever led to it: a bit for each, by its hash */
	bool restored;	       /* and no path has led to it yet */
	bool unset;	       /* its probe was waited for, and not set by then */
	unsigned int rewrites; /* of the inode, lately */
	int64_t written_ns;    /* when it was found so, monotonic */
	unsigned int seen;     /* number of the search that last led to it */
	struct known_file *next;
};

static void release(struct known_file *known_file)
{
	binary_release(&known_file->binary);
	free(known_file);
}

void file_table_release(struct file_table *files)
{
	struct known_file *known_file, *next;

	LL_FOREACH_SAFE(files->list, known_file, next)
		release(known_file);
	*files = (struct file_table){0};
}

static bool is_on(const struct known_file *known_file, uint64_t device)
{
	if (known_file->binary.id.dev == device)
		return true;
	for (size_t i = 0; i < known_file->alias_count && i < ALIASES_MAX; i++) {
		if (known_file->aliases[i] == device)
			return true;
	}
	return false;
}

/* Saves reading it again at the next look. The containers of the oldest may be gone. */
static void add_alias(struct known_file *known_file, uint64_t device)
{
	if (!is_on(known_file, device))
		known_file->aliases[known_file->alias_count++ % ALIASES_MAX] = device;
}

static uint64_t bit_of(uint64_t namespace)
{
	return 1ULL << (namespace * 0x9e3779b97f4a7c15ULL >> 58);
}

/* Older processes may run what a copy was made of: as long as something leads to the copy. */
static void mark_seen(const struct file_table *files, struct known_file *seen)
{
	struct known_file *known_file;

	LL_FOREACH(files->list, known_file) {
		if (known_file != seen &&
		    !file_id_copied_up(&known_file->binary.id, &seen->binary.id))
			continue;
		known_file->seen = files->search;
		known_file->namespaces |= bit_of(files->namespace);
	}
}

bool file_table_has_to_wait(const struct file_table *files, const struct stat *st, int64_t now_ns)
{
	struct known_file *known_file;

	LL_FOREACH(files->list, known_file) {
		if (known_file->restored || known_file->binary.id.ino != st->st_ino ||
		    !is_on(known_file, st->st_dev) || known_file->rewrites <= REWRITES_FREE)
			continue;
		if (now_ns - known_file->written_ns <
		    REWRITE_WAIT << (known_file->rewrites - REWRITES_FREE)) {
			mark_seen(files, known_file);
			return true;
		}
	}
	return false;
}

static unsigned int count_rewrites(const struct binary *replaced, int64_t now_ns)
{
	const struct known_file *known_file =
		(const struct known_file *)replaced; /* its first member */

	if (!replaced || now_ns - known_file->written_ns > REWRITES_FORGET)
		return 0;
	return known_file->rewrites < REWRITES_MAX ? known_file->rewrites + 1 : REWRITES_MAX;
}

bool file_table_has(const struct file_table *files, const struct stat *st)
{
	struct known_file *known_file;
	struct file_id id;

	file_id_from_stat(&id, st);
	LL_FOREACH(files->list, known_file) {
		if (!known_file->restored && known_file->binary.id.ino == id.ino &&
		    known_file->binary.id.size == id.size &&
		    known_file->binary.id.ctime_ns == id.ctime_ns && is_on(known_file, id.dev)) {
			mark_seen(files, known_file);
			return true;
		}
	}
	return false;
}

void file_table_saw_deleted(const struct file_table *files, enum priv_role role)
{
	struct known_file *known_file;

	LL_FOREACH(files->list, known_file) {
		if (known_file->binary.role == role)
			known_file->seen = files->search;
	}
}

void file_table_left_out(const struct file_table *files, uint64_t namespace)
{
	struct known_file *known_file;

	LL_FOREACH(files->list, known_file) {
		if (known_file->namespaces & bit_of(namespace))
			known_file->seen = files->search;
	}
}

/*
 * A chmod or a new link moves the change time of a file under all its paths: it is read anew when a
 * file of another device is compared. Where the file was copied up in its overlay, the new time is
 * the copy's: then the old one is the file's. What the kernel knows is enough; another file's
 * server is not asked, it may not answer.
 */
static bool is_alike(struct binary *binary, const struct file_id *other)
{
	struct file_id now = binary->id;
	struct statx stx;

	if (file_id_alike(&binary->id, other))
		return true;
	if (binary->id.ino != other->ino || binary->id.dev == other->dev || binary->fd < 0 ||
	    statx(binary->fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_CTIME | STATX_SIZE,
		  &stx) < 0 ||
	    stx.stx_size != binary->id.size)
		return false;
	now.ctime_ns = stx.stx_ctime.tv_sec * NS_PER_SEC + stx.stx_ctime.tv_nsec;
	if (!file_id_alike(&now, other))
		return false;
	binary->id.ctime_ns = now.ctime_ns;
	return true;
}

/* What is refused is refused for its content, which is the same. */
static bool is_shown_same(struct known_file *known_file, const struct binary *other)
{
	bool wait = !known_file->unset && !known_file->restored && known_file->binary.fd >= 0;

	if (!other->probe)
		return !known_file->binary.probe && !known_file->restored;
	if (known_file->binary.fd < 0 && !known_file->restored)
		return false;
	return same_inode_shown(known_file->binary.fd, other->fd, other->offset, wait,
				&known_file->unset);
}

/* The one that is the same file; else NULL, and the one that it overwrites in *replaced_r. */
static struct known_file *find(const struct file_table *files, const struct binary *binary,
			       const struct binary **replaced_r)
{
	struct known_file *known_file;

	LL_FOREACH(files->list, known_file) {
		if (file_id_equal(&known_file->binary.id, &binary->id))
			return known_file;
	}
	LL_FOREACH(files->list, known_file) {
		if (is_alike(&known_file->binary, &binary->id) && is_shown_same(known_file, binary))
			return known_file;
		if (file_id_overwritten(&known_file->binary.id, &binary->id))
			*replaced_r = &known_file->binary;
	}
	return NULL;
}

static struct quota_owner owner_of(const struct file_table *files, const struct binary *binary)
{
	struct quota_owner owner = {.namespace = files->namespace};
	struct stat st;

	/* Without a descriptor nothing was found: a test's. */
	if (binary->fd >= 0 && fstat(binary->fd, &st) == 0)
		owner.uid = st.st_uid;
	return owner;
}

static int check_quota(const struct file_table *files, const struct binary *binary,
		       const struct quota_owner *owner, struct error *error_r)
{
	static const struct quota_limits watched = {"Dovecot files", FILE_TABLE_MAX,
						    FILE_TABLE_MAX_OTHERS, FILE_TABLE_MAX_PER_USER,
						    FILE_TABLE_MAX_PER_NAMESPACE};
	static const struct quota_limits refused = {"files without a probe", FILE_TABLE_MAX,
						    FILE_TABLE_MAX_OTHERS, FILE_TABLE_MAX_PER_USER,
						    FILE_TABLE_MAX_PER_NAMESPACE};
	const struct known_file *known_file;
	struct quota quota;

	quota_init(&quota, binary->probe ? &watched : &refused, owner);
	LL_FOREACH(files->list, known_file) {
		if (!known_file->binary.probe == !binary->probe)
			quota_count(&quota, &known_file->owner);
	}
	return quota_check(&quota, error_r);
}

/* It is the file that a probe was left on: now all is known of it. */
static const struct binary *complete(const struct file_table *files, struct known_file *known_file,
				     struct binary *binary)
{
	const uint64_t device = binary->id.dev;

	/* It goes on under the name that its probe was left with. */
	binary->id.dev = known_file->binary.id.dev;
	known_file->binary = *binary;
	add_alias(known_file, device);
	known_file->restored = known_file->unset = false;
	known_file->seen = files->search;
	known_file->namespaces = bit_of(files->namespace);
	return &known_file->binary;
}

int file_table_restore(struct file_table *files, enum priv_role role, const struct file_id *id)
{
	struct known_file *known_file;

	LL_FOREACH(files->list, known_file) {
		if (file_id_equal(&known_file->binary.id, id))
			return 0;
	}
	known_file = calloc(1, sizeof(*known_file));
	if (!known_file)
		return -ENOMEM;
	known_file->binary = (struct binary){.role = role, .fd = -1, .id = *id};
	known_file->restored = true;
	known_file->seen = files->search;
	known_file->namespaces = ~0ULL; /* any of them may have */
	LL_APPEND(files->list, known_file);
	files->count++;
	return 0;
}

int file_table_add(struct file_table *files, struct binary *binary, const struct binary **added_r,
		   const struct binary **replaced_r, struct error *error_r)
{
	const struct quota_owner owner = owner_of(files, binary);
	struct known_file *known_file;
	int ret;

	*added_r = *replaced_r = NULL;
	known_file = find(files, binary, replaced_r);
	if (known_file && known_file->restored) {
		*added_r = complete(files, known_file, binary);
		return 0;
	}
	if (known_file) {
		mark_seen(files, known_file);
		add_alias(known_file, binary->id.dev);
		if (known_file->binary.id.dev == binary->id.dev)
			known_file->binary.id.ctime_ns = binary->id.ctime_ns;
		binary_release(binary);
		return 0;
	}
	ret = check_quota(files, binary, &owner, error_r);
	known_file = ret == 0 ? calloc(1, sizeof(*known_file)) : NULL;
	if (!known_file) {
		binary_release(binary);
		return ret < 0 ? ret : error_set(error_r, ENOMEM, "out of memory");
	}
	known_file->owner = owner;
	known_file->binary = *binary;
	known_file->seen = files->search;
	known_file->namespaces = bit_of(files->namespace);
	known_file->written_ns = clock_monotonic_ns();
	known_file->rewrites = count_rewrites(*replaced_r, known_file->written_ns);
	LL_APPEND(files->list, known_file);
	files->count++;
	*added_r = &known_file->binary;
	return 0;
}

const struct binary *file_table_next_lost(const struct file_table *files)
{
	const struct known_file *known_file;

	LL_FOREACH(files->list, known_file) {
		if (files->search - known_file->seen >= 2)
			return &known_file->binary;
	}
	return NULL;
}

const struct binary *file_table_next_unused(const struct file_table *files)
{
	const struct known_file *known_file;

	LL_FOREACH(files->list, known_file) {
		if (known_file->binary.unused)
			return &known_file->binary;
	}
	return NULL;
}

void file_table_drop(struct file_table *files, const struct binary *binary)
{
	struct known_file **at = &files->list, *known_file;

	while (*at && &(*at)->binary != binary)
		at = &(*at)->next;
	known_file = *at;
	if (!known_file)
		return;
	*at = known_file->next;
	files->count--;
	release(known_file);
}
