/* SPDX-License-Identifier: MIT */
#include "pipeline/removed.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fnv.h"
#include "base/read_file.h"
#include "plan/plan_recording.h"
#include "plan/plan_user.h"

#define NAME	       "removed"
#define FIRST	       "dovetap-removed 1\n"
#define FILE_MAX       (256U << 20)
#define LINE_SIZE      80
#define NAME_MAX_BYTES (1U << 20)

static uint64_t hash_of(struct slice text)
{
	return fnv(FNV_START, text.len ? text.ptr : "", text.len);
}

/* --- writing -------------------------------------------------------------------------------- */

/* What root makes in the collector's directory is the collector's. */
static int open_file(const char *state_dir, const char *path)
{
	int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW);
	struct stat st;

	if (fd < 0 && errno == ENOENT)
		fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0644);

	if (fd >= 0 && geteuid() == 0 && stat(state_dir, &st) == 0)
		(void)!fchown(fd, st.st_uid, st.st_gid);
	return fd;
}

static int unnoted(struct error *error_r, const char *path)
{
	return error_set(error_r, REMOVED_UNNOTED,
			 "%s: %m: what cannot be noted there is not removed", path);
}

static int append(const char *state_dir, const char *line, struct error *error_r)
{
	char path[PATH_MAX], text[sizeof(FIRST) + LINE_SIZE];
	struct stat st;
	int fd, len, ret = 0;

	(void)snprintf(path, sizeof(path), "%s/" NAME, state_dir);
	fd = open_file(state_dir, path);
	if (fd < 0)
		return unnoted(error_r, path);
	if (fstat(fd, &st) < 0)
		st.st_size = 0;
	len = snprintf(text, sizeof(text), "%s%s", st.st_size == 0 ? FIRST : "", line);
	errno = ENOSPC; /* of a write that is short */
	if (write(fd, text, (size_t)len) != len || fdatasync(fd) < 0)
		ret = unnoted(error_r, path);
	close(fd);
	return ret;
}

static int note(const char *state_dir, const char *word, uint64_t hash, int64_t time_ns,
		struct error *error_r)
{
	char line[LINE_SIZE];

	(void)snprintf(line, sizeof(line), "%s %016" PRIx64 " %019" PRId64 "\n", word, hash,
		       time_ns);
	return append(state_dir, line, error_r);
}

int removed_note_user(const char *state_dir, struct slice user, int64_t now_ns,
		      struct error *error_r)
{
	return note(state_dir, "user", hash_of(user), now_ns, error_r);
}

int removed_note_older(const struct plan *plan, size_t dict, int64_t before_ns,
		       struct error *error_r)
{
	return note(plan_settings(plan)->state_dir, "older", plan_dict_mark(plan, dict), before_ns,
		    error_r);
}

/* --- reading -------------------------------------------------------------------------------- */

static int add(struct removed *removed, const struct removed_entry *entry)
{
	size_t size = removed->size ? 2 * removed->size : 64;
	struct removed_entry *entries;

	if (removed->count == removed->size) {
		entries = reallocarray(removed->entries, size, sizeof(*entries));
		if (!entries)
			return -ENOMEM;
		removed->entries = entries;
		removed->size = size;
	}
	removed->entries[removed->count++] = *entry;
	return 0;
}

static int parse_line(struct removed *removed, const char *line)
{
	struct removed_entry entry;
	char word[8];
	int end = 0;

	if (strcmp(line, FIRST) == 0)
		return 0;
	if (sscanf(line, "%7s %16" SCNx64 " %19" SCNd64 "\n%n", word, &entry.hash, &entry.time_ns,
		   &end) != 3 ||
	    end == 0 || (strcmp(word, "user") != 0 && strcmp(word, "older") != 0))
		return -EPROTO;
	entry.is_user = strcmp(word, "user") == 0;
	return add(removed, &entry);
}

static int parse(struct removed *removed, struct slice text)
{
	int ret = text.len < strlen(FIRST) || memcmp(text.ptr, FIRST, strlen(FIRST)) != 0 ? -EPROTO
											  : 0;

	while (text.len > 0 && ret == 0) {
		const char *newline = memchr(text.ptr, '\n', text.len);
		size_t len = newline ? (size_t)(newline - text.ptr) + 1 : LINE_SIZE;
		char line[LINE_SIZE];

		if (len >= sizeof(line))
			return -EPROTO;
		memcpy(line, text.ptr, len);
		line[len] = '\0';
		ret = parse_line(removed, line);
		text = (struct slice){text.ptr + len, text.len - len};
	}
	return ret;
}

static int compare(const void *left, const void *right)
{
	const struct removed_entry *a = left, *b = right;

	if (a->is_user != b->is_user)
		return a->is_user < b->is_user ? -1 : 1;
	if (a->hash != b->hash)
		return a->hash < b->hash ? -1 : 1;
	return (a->time_ns > b->time_ns) - (a->time_ns < b->time_ns);
}

int removed_read(struct removed *removed, const char *state_dir, struct error *error_r)
{
	char path[PATH_MAX];
	struct buf text;
	int ret;

	*removed = (struct removed){0};
	(void)snprintf(path, sizeof(path), "%s/" NAME, state_dir);
	buf_init(&text, FILE_MAX);
	ret = read_file(path, &text);
	if (ret == 0 && text.len > 0)
		ret = parse(removed, buf_slice(&text));
	ret = ret == -ENOENT || ret == -ENOTDIR ? 0 : ret;
	if (ret < 0)
		(void)error_set(error_r, -ret, "%s: %s", path,
				ret == -EPROTO ? "this is no file of ours" : strerrordesc_np(-ret));
	buf_release(&text);
	if (ret < 0)
		removed_release(removed);
	if (removed->count > 0)
		qsort(removed->entries, removed->count, sizeof(*removed->entries), compare);
	return ret;
}

void removed_release(struct removed *removed)
{
	free(removed->entries);
	*removed = (struct removed){0};
}

/* The newest of the hash: the last one that is not behind it. */
static int64_t find(const struct removed *removed, bool is_user, uint64_t hash)
{
	const struct removed_entry wanted = {hash, INT64_MAX, is_user}, *found;
	size_t low = 0, high = removed->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare(&removed->entries[middle], &wanted) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	found = low > 0 ? &removed->entries[low - 1] : NULL;
	return found && found->hash == wanted.hash && found->is_user == is_user ? found->time_ns
										: 0;
}

int64_t removed_user(const struct removed *removed, const struct plan *plan, struct slice user)
{
	int64_t time_ns = 0;
	struct buf normal;

	if (removed->count == 0)
		return 0;
	buf_init(&normal, NAME_MAX_BYTES);
	if (plan_user_normalise(plan, user, &normal, NULL) == 0)
		time_ns = find(removed, true, hash_of(buf_slice(&normal)));
	buf_release(&normal);
	return time_ns;
}

int64_t removed_older(const struct removed *removed, const struct plan *plan, size_t dict)
{
	return find(removed, false, plan_dict_mark(plan, dict));
}
