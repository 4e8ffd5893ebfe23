/* SPDX-License-Identifier: MIT */
#include "capture/rings.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#define RINGS_MAX SOURCE_MARKS
#define RUNS_MIN  64U

/*
 * A position of the whole is the sum of what was taken from each ring. Which ring that belongs to
 * is noted in runs: records that were taken in a row from the same one.
 *
 *	run        | ring 0     | ring 1  | ring 0 | ring 1 ...
 *	position   0          1400      2100     2800
 */
struct run {
	size_t ring;
	uint64_t end;	   /* position of the whole behind it */
	uint64_t ring_end; /* position of the ring behind it */
};

struct rings {
	struct event_source source;
	struct event_source *list[RINGS_MAX];
	uint64_t taken[RINGS_MAX]; /* position behind the last record of each */
	size_t count;
	uint64_t position;
	struct run *runs;
	size_t first, used, size; /* runs[first] ... runs[used - 1] are not released */
	int epoll_fd;
};

/* Makes room for a run of each ring. */
static int reserve(struct rings *rings)
{
	size_t size = rings->size ? 2 * rings->size : RUNS_MIN;
	struct run *runs;

	if (rings->first > 0 && rings->first >= rings->used / 2) {
		rings->used -= rings->first;
		memmove(rings->runs, rings->runs + rings->first,
			rings->used * sizeof(*rings->runs));
		rings->first = 0;
	}
	if (rings->runs && rings->used + rings->count <= rings->size)
		return 0;
	runs = reallocarray(rings->runs, size, sizeof(*runs));
	if (!runs)
		return -ENOMEM;
	rings->runs = runs;
	rings->size = size;
	return 0;
}

/* Also of room that is to be given back though no record was in it. */
static void note(struct rings *rings, size_t ring, uint64_t ring_end)
{
	struct run *last = rings->used > rings->first ? &rings->runs[rings->used - 1] : NULL;

	if (ring_end == rings->taken[ring])
		return;
	rings->position += ring_end - rings->taken[ring];
	rings->taken[ring] = ring_end;
	if (!last || last->ring != ring)
		last = &rings->runs[rings->used++];
	*last = (struct run){ring, rings->position, ring_end};
}

static int peek(struct event_source *source, struct slice *record_r, uint64_t *position_r,
		struct error *error_r)
{
	struct rings *rings = (struct rings *)source;
	int ret = 0;

	if (reserve(rings) < 0)
		return error_set(error_r, ENOMEM, "out of memory for the positions of rings");
	for (size_t i = 0; i < rings->count && ret == 0; i++) {
		uint64_t ring_end;

		ret = rings->list[i]->ops->peek(rings->list[i], record_r, &ring_end, error_r);
		if (ret >= 0)
			note(rings, i, ring_end);
	}
	*position_r = rings->position;
	return ret;
}

static void release_ring(struct rings *rings, size_t ring, uint64_t position)
{
	rings->list[ring]->ops->release(rings->list[ring], position);
}

static void release(struct event_source *source, uint64_t position)
{
	struct rings *rings = (struct rings *)source;

	for (; rings->first < rings->used; rings->first++) {
		const struct run *run = &rings->runs[rings->first];

		if (run->end <= position) {
			release_ring(rings, run->ring, run->ring_end);
			continue;
		}
		if (run->end - position < run->ring_end)
			release_ring(rings, run->ring, run->ring_end - (run->end - position));
		return;
	}
}

static int rings_fd(struct event_source *source)
{
	return ((struct rings *)source)->epoll_fd;
}

static void close_rings(struct event_source *source)
{
	struct rings *rings = (struct rings *)source;

	for (size_t i = 0; i < rings->count; i++)
		rings->list[i]->ops->close(rings->list[i]);
	if (rings->epoll_fd >= 0)
		close(rings->epoll_fd);
	free(rings->runs);
	free(rings);
}

static void level(struct event_source *source, struct source_level *level_r)
{
	const struct rings *rings = (struct rings *)source;

	*level_r = (struct source_level){0};
	for (size_t i = 0; i < rings->count; i++) {
		struct source_level one;

		rings->list[i]->ops->level(rings->list[i], &one);
		level_r->used += one.used;
		level_r->size += one.size;
	}
}

static uint64_t marks(struct event_source *source, struct source_mark *marks_r)
{
	const struct rings *rings = (struct rings *)source;
	uint64_t again = 0;

	for (size_t i = 0; i < rings->count && i < SOURCE_MARKS; i++)
		again += rings->list[i]->ops->marks(rings->list[i], &marks_r[i]);
	return again;
}

static bool all_released(struct event_source *source)
{
	const struct rings *rings = (struct rings *)source;
	bool all = true;

	for (size_t i = 0; i < rings->count && all; i++)
		all = rings->list[i]->ops->all_released(rings->list[i]);
	return all;
}

static const struct event_source_ops ops = {
	.peek = peek,
	.release = release,
	.fd = rings_fd,
	.level = level,
	.marks = marks,
	.all_released = all_released,
	.close = close_rings,
};

static int watch(const struct rings *rings)
{
	struct epoll_event event = {.events = EPOLLIN};

	for (size_t i = 0; i < rings->count; i++) {
		int fd = rings->list[i]->ops->fd(rings->list[i]);

		if (epoll_ctl(rings->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0)
			return -errno;
	}
	return 0;
}

int rings_join(struct event_source *const *list, size_t count, struct event_source **source_r,
	       struct error *error_r)
{
	struct rings *rings;

	if (count == 1) {
		*source_r = list[0];
		return 0;
	}
	rings = count <= RINGS_MAX ? calloc(1, sizeof(*rings)) : NULL;
	if (!rings) {
		for (size_t i = 0; i < count; i++)
			list[i]->ops->close(list[i]);
		return error_set(error_r, ENOMEM, "out of memory for %zu rings", count);
	}
	rings->source.ops = &ops;
	rings->count = count;
	for (size_t i = 0; i < count; i++)
		rings->list[i] = list[i];
	rings->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (rings->epoll_fd < 0 || watch(rings) < 0) {
		error_set(error_r, errno, "cannot wait on %zu rings: %m", count);
		close_rings(&rings->source);
		return error_r ? -error_r->code : -EIO;
	}
	*source_r = &rings->source;
	return 0;
}
