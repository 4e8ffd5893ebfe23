/* SPDX-License-Identifier: MIT */
#include "attach/masters.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/types.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "attach/libbpf_log.h"
#include "base/clock.h"
#include "skel/master_file.skel.h"

#define NOTED_MAX	(DOVETAP_NOTED_ROOT + DOVETAP_NOTED_OTHERS)
#define OTHERS_A_SECOND 10

struct noted {
	struct stat_id {
		uint64_t dev, ino;
		struct timespec ctime;
	} is; /* all 0: of an earlier process */
	struct dovetap_master_file file;
	uint32_t owner;
	int64_t seen_ns;
};

struct masters {
	const struct kernel_facts *kernel;
	int map_fd;
	struct master_file_bpf *skel; /* loaded with the first file */
	struct noted noted[NOTED_MAX];
	size_t count;
	int64_t second; /* in which others' were counted */
	unsigned int others;
};

/* Whose they are is not known any more: the first to make room for root's. */
static void take_over(struct masters *masters)
{
	struct dovetap_master_file *last = NULL, next;

	while (masters->count < NOTED_MAX &&
	       bpf_map_get_next_key(masters->map_fd, last, &next) == 0) {
		masters->noted[masters->count] = (struct noted){.file = next};
		last = &masters->noted[masters->count++].file;
	}
}

int masters_new(const struct kernel_facts *kernel, int map_fd, struct masters **masters_r)
{
	struct masters *masters = calloc(1, sizeof(*masters));

	if (!masters)
		return -ENOMEM;
	masters->kernel = kernel;
	masters->map_fd = map_fd;
	take_over(masters);
	*masters_r = masters;
	return 0;
}

void masters_free(struct masters **masters)
{
	if (!*masters)
		return;
	master_file_bpf__destroy((*masters)->skel);
	free(*masters);
	*masters = NULL;
}

static bool is_noted_as(const struct noted *noted, const struct stat *st)
{
	return noted->is.dev == st->st_dev && noted->is.ino == st->st_ino &&
	       noted->is.ctime.tv_sec == st->st_ctim.tv_sec &&
	       noted->is.ctime.tv_nsec == st->st_ctim.tv_nsec;
}

static bool too_many_others(struct masters *masters, const struct stat *st)
{
	int64_t second = clock_monotonic_ns() / NS_PER_SEC;

	if (st->st_uid == 0)
		return false;
	if (second != masters->second)
		masters->others = 0;
	masters->second = second;
	return masters->others++ >= OTHERS_A_SECOND;
}

bool masters_has(struct masters *masters, int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return true;
	for (size_t i = 0; i < masters->count; i++) {
		if (is_noted_as(&masters->noted[i], &st)) {
			masters->noted[i].seen_ns = clock_monotonic_ns();
			return true;
		}
	}
	return too_many_others(masters, &st);
}

static int load(struct masters *masters)
{
	struct master_file_bpf *skel = master_file_bpf__open();
	int ret;

	if (!skel)
		return -errno;
	skel->rodata->kernel_reads = masters->kernel->reads;
	memcpy((void *)skel->rodata->kernel_offsets, masters->kernel->offsets,
	       sizeof(masters->kernel->offsets));
	ret = master_file_bpf__load(skel);
	if (ret < 0)
		master_file_bpf__destroy(skel);
	else
		masters->skel = skel;
	return ret;
}

/* Reading runs the program once for each open file of the machine; it prints nothing. */
static int look(const struct masters *masters, int fd)
{
	struct master_file_bpf *skel = masters->skel;
	struct bpf_link *link = bpf_program__attach_iter(skel->progs.each_open_file, NULL);
	int iter = link ? bpf_iter_create(bpf_link__fd(link)) : -errno, ret = 0;
	char none[64];

	skel->bss->wanted_fd = (uint32_t)fd;
	skel->bss->found = false;
	if (iter < 0)
		ret = iter;
	else if (read(iter, none, sizeof(none)) < 0)
		ret = -errno;
	else if (!skel->bss->found)
		ret = -ENOENT;
	if (iter >= 0)
		close(iter);
	bpf_link__destroy(link);
	return ret;
}

static size_t limit(uint32_t owner)
{
	return owner == 0 ? DOVETAP_NOTED_ROOT : DOVETAP_NOTED_OTHERS;
}

/* Where the next one of that owner's kind is put. */
static struct noted *make_room(struct masters *masters, uint32_t owner)
{
	struct noted *oldest = NULL;
	size_t count = 0;

	for (size_t i = 0; i < masters->count; i++) {
		struct noted *noted = &masters->noted[i];

		if ((noted->owner == 0) != (owner == 0))
			continue;
		count++;
		if (!oldest || noted->seen_ns < oldest->seen_ns)
			oldest = noted;
	}
	if (masters->count < NOTED_MAX && count < limit(owner))
		return &masters->noted[masters->count++];
	if (oldest)
		(void)bpf_map_delete_elem(masters->map_fd, &oldest->file);
	return oldest;
}

static struct noted *find(struct masters *masters, const struct dovetap_master_file *file)
{
	for (size_t i = 0; i < masters->count; i++) {
		if (memcmp(&masters->noted[i].file, file, sizeof(*file)) == 0)
			return &masters->noted[i];
	}
	return NULL;
}

static int add(struct masters *masters, const struct stat *st)
{
	const struct dovetap_master_file *file = (const void *)&masters->skel->bss->found_file;
	struct noted *noted = find(masters, file);
	const uint32_t owner = masters->skel->bss->found_owner, one = 1;

	if (!noted)
		noted = make_room(masters, owner);
	if (!noted)
		return -ENOSPC;
	*noted = (struct noted){
		.is = {st->st_dev, st->st_ino, st->st_ctim},
		.file = *file,
		.owner = owner,
		.seen_ns = clock_monotonic_ns(),
	};
	return bpf_map_update_elem(masters->map_fd, file, &one, BPF_ANY) < 0 ? -errno : 0;
}

int masters_note(struct masters *masters, int fd, struct error *error_r)
{
	struct stat st;
	int ret = fstat(fd, &st) < 0 ? -errno : 0;

	if (masters->kernel->reads == DOVETAP_KERNEL_NOT)
		return error_set(error_r, ENOTSUP, "nothing of this kernel can be read");
	libbpf_log_clear();
	if (ret == 0 && !masters->skel)
		ret = load(masters);
	if (ret == 0)
		ret = look(masters, fd);
	if (ret == 0)
		ret = add(masters, &st);
	return ret < 0 ? error_set(error_r, -ret, "%s", libbpf_log_last(-ret)) : 0;
}
