/* SPDX-License-Identifier: MIT */
#include "pipeline/since.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/read_file.h"
#include "plan/plan_recording.h"

#define NAME	  "since"
#define FIRST	  "dovetap-since 1\n"
#define FILE_MAX  (1U << 20)
#define FORGET_NS (400 * SINCE_GAP_NS) /* places that are no longer written to */

void since_release(struct since *since)
{
	free(since->entries);
	*since = (struct since){0};
}

static struct since_entry *add(struct since *since)
{
	size_t size = since->size ? 2 * since->size : 16;
	struct since_entry *entries;

	if (since->count == since->size) {
		entries = reallocarray(since->entries, size, sizeof(*entries));
		if (!entries)
			return NULL;
		since->entries = entries;
		since->size = size;
	}
	return &since->entries[since->count++];
}

/* --- the text --------------------------------------------------------------------------------- */

static int parse_line(struct since *since, const char *line)
{
	struct since_entry entry, *place;
	int end = 0;

	if (sscanf(line, "%16" SCNx64 " %63s %19" SCNd64 " %19" SCNd64 "\n%n", &entry.mark,
		   entry.service, &entry.from_ns, &entry.seen_ns, &end) != 4 ||
	    end == 0 || entry.from_ns < 0 || entry.seen_ns < entry.from_ns)
		return -EPROTO;
	place = add(since);
	if (!place)
		return -ENOMEM;
	*place = entry;
	return 0;
}

int since_parse(struct since *since, struct slice text)
{
	size_t first = strlen(FIRST);
	int ret = 0;

	if (text.len < first || memcmp(text.ptr, FIRST, first) != 0)
		return -EPROTO;
	text = (struct slice){text.ptr + first, text.len - first};
	while (text.len > 0 && ret == 0) {
		const char *newline = memchr(text.ptr, '\n', text.len);
		char line[160];
		size_t len = newline ? (size_t)(newline - text.ptr) + 1 : sizeof(line);

		if (len >= sizeof(line))
			return -EPROTO;
		memcpy(line, text.ptr, len);
		line[len] = '\0';
		ret = parse_line(since, line);
		text = (struct slice){text.ptr + len, text.len - len};
	}
	return ret;
}

int since_format(const struct since *since, struct buf *out)
{
	buf_append_str(out, FIRST);
	for (size_t i = 0; i < since->count; i++) {
		const struct since_entry *entry = &since->entries[i];

		buf_appendf(out, "%016" PRIx64 " %s %019" PRId64 " %019" PRId64 "\n", entry->mark,
			    entry->service, entry->from_ns, entry->seen_ns);
	}
	return out->failed;
}

/* --- the file --------------------------------------------------------------------------------- */

static void make_path(char path[PATH_MAX], const char *state_dir, const char *name)
{
	(void)snprintf(path, PATH_MAX, "%s/%s", state_dir, name);
}

int since_read(struct since *since, const char *state_dir, struct error *error_r)
{
	char path[PATH_MAX];
	struct buf text;
	int ret;

	*since = (struct since){0};
	make_path(path, state_dir, NAME);
	buf_init(&text, FILE_MAX);
	ret = read_file(path, &text);
	if (ret == 0)
		ret = since_parse(since, buf_slice(&text));
	if (ret < 0)
		(void)error_set(error_r, -ret, "%s: %s", path,
				ret == -EPROTO ? "this is no file of ours" : strerrordesc_np(-ret));
	buf_release(&text);
	if (ret < 0)
		since_release(since);
	return ret;
}

static int write_file(const char *path, struct slice text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644), ret = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text.ptr, text.len) != (ssize_t)text.len)
		ret = errno ? -errno : -ENOSPC;
	else if (fdatasync(fd) < 0)
		ret = -errno;
	close(fd);
	return ret;
}

int since_write(const struct since *since, const char *state_dir, struct error *error_r)
{
	char path[PATH_MAX], fresh[PATH_MAX];
	struct buf text;
	int ret;

	make_path(path, state_dir, NAME);
	make_path(fresh, state_dir, NAME ".new");
	buf_init(&text, FILE_MAX);
	ret = since_format(since, &text);
	if (ret == 0)
		ret = write_file(fresh, buf_slice(&text));
	if (ret == 0 && rename(fresh, path) < 0)
		ret = -errno;
	buf_release(&text);
	return ret < 0 ? error_set(error_r, -ret, "%s: %s", path, strerrordesc_np(-ret)) : 0;
}

/* --- what is recorded ------------------------------------------------------------------------- */

static struct since_entry *find(const struct since *since, uint64_t mark, const char *service)
{
	for (size_t i = 0; i < since->count; i++) {
		if (since->entries[i].mark == mark &&
		    strcmp(since->entries[i].service, service) == 0)
			return &since->entries[i];
	}
	return NULL;
}

const struct since_entry *since_find(const struct since *since, uint64_t mark, const char *service)
{
	return find(since, mark, service);
}

struct noting {
	struct since *since;
	int64_t now_ns;
};

static int note(const struct plan_recording *recording, void *context)
{
	const struct noting *noting = context;
	struct since_entry *entry = find(noting->since, recording->mark, recording->service);
	int64_t now = noting->now_ns;

	if (strlen(recording->service) >= sizeof(entry->service))
		return 0;
	if (!entry) {
		entry = add(noting->since);
		if (!entry)
			return -ENOMEM;
		*entry = (struct since_entry){.mark = recording->mark, .from_ns = now};
		memcpy(entry->service, recording->service, strlen(recording->service) + 1);
	} else if (now - entry->seen_ns > SINCE_GAP_NS) {
		entry->from_ns = now;
	}
	entry->seen_ns = now > entry->from_ns ? now : entry->from_ns;
	return 0;
}

struct restarting {
	struct since *since;
	size_t dict;
	int64_t now_ns;
	int count;
};

static int restart(const struct plan_recording *recording, void *context)
{
	struct restarting *restarting = context;
	struct since_entry *entry = find(restarting->since, recording->mark, recording->service);

	if (recording->dict != restarting->dict || !entry)
		return 0;
	restarting->count++;
	if (restarting->now_ns > 0)
		entry->from_ns = entry->seen_ns = restarting->now_ns;
	return 0;
}

int since_restart(struct since *since, const struct plan *plan, size_t dict, int64_t now_ns)
{
	struct restarting restarting = {since, dict, now_ns, 0};
	int ret = plan_each_recording(plan, restart, &restarting);

	return ret < 0 ? ret : restarting.count;
}

static void forget_old(struct since *since, int64_t now_ns)
{
	size_t kept = 0;

	for (size_t i = 0; i < since->count; i++) {
		if (now_ns - since->entries[i].seen_ns < FORGET_NS)
			since->entries[kept++] = since->entries[i];
	}
	since->count = kept;
}

int since_note(struct since *since, const struct plan *plan, int64_t now_ns)
{
	struct noting noting = {since, now_ns};

	forget_old(since, now_ns);
	return plan_each_recording(plan, note, &noting);
}
