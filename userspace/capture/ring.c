/* SPDX-License-Identifier: MIT */
#include "capture/ring.h"

#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <unistd.h>

/*
 * The kernel's layout (kernel/bpf/ringbuf.c): a page with the consumer position that the reader
 * writes; a page with the producer position; the data, twice in a row. A record is a header of
 * eight bytes (length with two flag bits, page offset) and its bytes, rounded up to eight.
 *
 * What is mapped counts as resident memory, so of the data there is a window: the piece that is
 * being read and, behind it, room for the record that begins at its end. The second copy of the
 * data makes that contiguous at the end of the ring, too.
 */
#define RECORD_MAX 65536
#define WINDOW	   (2UL * RECORD_MAX) /* a power of two, and of pages of any machine */
#define RING_MAX   (1UL << 31)	      /* the largest that the kernel makes */

struct ring {
	struct event_source source;
	unsigned long *consumer;       /* page one, read and write */
	const unsigned long *producer; /* page two */
	int map_fd;		       /* the caller's */
	const uint8_t *window;	       /* of the data, behind page two; NULL: none yet */
	size_t window_at, window_len;  /* where it begins in the data, and its bytes */
	size_t page, size;	       /* of one copy of the data */
	uint64_t cursor;	       /* up to here records were lent */
	struct source_mark read;       /* up to here by anybody */
	uint64_t again;		       /* records lent in front of that */
	int epoll_fd;
};

static uint64_t load_acquire(const unsigned long *position)
{
	return __atomic_load_n(position, __ATOMIC_ACQUIRE);
}

static size_t offset_of(const struct ring *ring, uint64_t position)
{
	return position & (ring->size - 1);
}

static void unmap_window(struct ring *ring)
{
	if (ring->window)
		munmap((void *)ring->window, ring->window_len);
	ring->window = NULL;
}

/* A small ring is its own window. */
static int move_window(struct ring *ring, size_t offset, struct error *error_r)
{
	size_t at = offset & ~(WINDOW - 1), len = WINDOW + RECORD_MAX;
	void *map;

	if (ring->window && ring->window_at == at)
		return 0;
	unmap_window(ring);
	if (len > 2 * ring->size - at)
		len = 2 * ring->size - at;
	map = mmap(NULL, len, PROT_READ, MAP_SHARED, ring->map_fd, (off_t)(2 * ring->page + at));
	if (map == MAP_FAILED)
		return error_set(error_r, errno, "cannot map the ring's data: %m");
	ring->window = map;
	ring->window_at = at;
	ring->window_len = len;
	return 0;
}

/* UNSAFE: the kernel keeps positions below producer mapped and headers consistent; the window
 * begins at or before the position, and has eight bytes from there. */
static const uint32_t *header_at(const struct ring *ring, uint64_t position)
{
	return (const uint32_t *)(ring->window + (offset_of(ring, position) - ring->window_at));
}

static uint64_t step_over(uint32_t length)
{
	length &= ~(BPF_RINGBUF_BUSY_BIT | BPF_RINGBUF_DISCARD_BIT);
	return ((uint64_t)length + BPF_RINGBUF_HDR_SZ + 7) & ~7ULL;
}

/* UNSAFE: the window reaches RECORD_MAX bytes over its piece, or to the end of the second copy. */
static struct slice record_at(const struct ring *ring, uint64_t position, uint32_t length)
{
	const char *record = (const char *)header_at(ring, position) + BPF_RINGBUF_HDR_SZ;
	size_t left = ring->window_len - (size_t)((const uint8_t *)record - ring->window);

	return length > left ? (struct slice){NULL, 0} : (struct slice){record, length};
}

static int ring_peek(struct event_source *source, struct slice *record_r, uint64_t *position_r,
		     struct error *error_r)
{
	struct ring *ring = (struct ring *)source;
	uint64_t end = load_acquire(ring->producer);

	while (ring->cursor < end) {
		uint32_t length;
		int ret = move_window(ring, offset_of(ring, ring->cursor), error_r);

		if (ret < 0)
			return ret;
		length = __atomic_load_n(header_at(ring, ring->cursor), __ATOMIC_ACQUIRE);
		if (length & BPF_RINGBUF_BUSY_BIT)
			break;
		if (!(length & BPF_RINGBUF_DISCARD_BIT)) {
			*record_r = record_at(ring, ring->cursor, length);
			ring->cursor += step_over(length);
			*position_r = ring->cursor;
			ring->again += ring->cursor <= ring->read.position;
			return 1;
		}
		ring->cursor += step_over(length);
	}
	*position_r = ring->cursor;
	return 0;
}

static void ring_release(struct event_source *source, uint64_t position)
{
	struct ring *ring = (struct ring *)source;

	if (position > *ring->consumer)
		__atomic_store_n(ring->consumer, position, __ATOMIC_RELEASE);
}

static int ring_fd(struct event_source *source)
{
	return ((struct ring *)source)->epoll_fd;
}

static void ring_used(struct event_source *source, struct source_level *level_r)
{
	const struct ring *ring = (struct ring *)source;

	level_r->used = load_acquire(ring->producer) - *ring->consumer;
	level_r->size = ring->size;
}

static uint64_t ring_marks(struct event_source *source, struct source_mark *marks_r)
{
	const struct ring *ring = (struct ring *)source;

	marks_r[0] = ring->read;
	if (ring->cursor > ring->read.position)
		marks_r[0].position = ring->cursor;
	return ring->again;
}

static bool ring_all_released(struct event_source *source)
{
	const struct ring *ring = (struct ring *)source;

	return *ring->consumer >= ring->read.position && *ring->consumer >= ring->cursor;
}

static void ring_close(struct event_source *source)
{
	struct ring *ring = (struct ring *)source;

	if (ring->consumer)
		munmap(ring->consumer, ring->page);
	if (ring->producer)
		munmap((void *)ring->producer, ring->page);
	unmap_window(ring);
	if (ring->epoll_fd >= 0)
		close(ring->epoll_fd);
	free(ring);
}

static const struct event_source_ops ring_ops = {
	.peek = ring_peek,
	.release = ring_release,
	.fd = ring_fd,
	.level = ring_used,
	.marks = ring_marks,
	.all_released = ring_all_released,
	.close = ring_close,
};

static int ring_map(struct ring *ring, int map_fd, struct error *error_r)
{
	void *map;

	map = mmap(NULL, ring->page, PROT_READ | PROT_WRITE, MAP_SHARED, map_fd, 0);
	if (map == MAP_FAILED)
		return error_set(error_r, errno, "cannot map the ring's consumer page: %m");
	ring->consumer = map;
	map = mmap(NULL, ring->page, PROT_READ, MAP_SHARED, map_fd, (off_t)ring->page);
	if (map == MAP_FAILED)
		return error_set(error_r, errno, "cannot map the ring's producer page: %m");
	ring->producer = map;
	ring->cursor = *ring->consumer;
	return 0;
}

static int ring_watch(struct ring *ring, int map_fd, struct error *error_r)
{
	struct epoll_event event = {.events = EPOLLIN};

	ring->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (ring->epoll_fd < 0 || epoll_ctl(ring->epoll_fd, EPOLL_CTL_ADD, map_fd, &event) < 0)
		return error_set(error_r, errno, "cannot wait on the ring: %m");
	return 0;
}

/*
 * The kernel maps the data twice in a row behind the producer's page, and not a byte more, so the
 * largest mapping gives the size. It could be read off bpf(2) or /proc/self/fdinfo, but on older
 * kernels neither answers a process without capabilities.
 */
static bool has_data(int map_fd, size_t page, size_t size)
{
	void *map = mmap(NULL, page + 2 * size, PROT_READ, MAP_SHARED, map_fd, (off_t)page);

	if (map == MAP_FAILED)
		return false;
	munmap(map, page + 2 * size);
	return true;
}

/* Size of one copy of the data; 0 if it is no ring buffer. */
static size_t ring_measure(int map_fd, size_t page)
{
	size_t size = page;

	if (!has_data(map_fd, page, size))
		return 0;
	while (size < RING_MAX && has_data(map_fd, page, size * 2))
		size *= 2;
	return size;
}

int ring_open(int map_fd, struct source_mark read, struct event_source **source_r,
	      struct error *error_r)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), size = ring_measure(map_fd, page);
	struct ring *ring;
	int ret;

	if (size == 0)
		return error_set(error_r, EINVAL, "descriptor %d is no ring buffer", map_fd);
	ring = calloc(1, sizeof(*ring));
	if (!ring)
		return error_set(error_r, ENOMEM, "out of memory for the ring");
	ring->source.ops = &ring_ops;
	ring->epoll_fd = -1;
	ring->page = page;
	ring->size = size;
	ring->map_fd = map_fd;
	ring->read = read;
	ret = ring_map(ring, map_fd, error_r);
	if (ret == 0)
		ret = ring_watch(ring, map_fd, error_r);
	if (ret < 0)
		ring_close(&ring->source);
	else
		*source_r = &ring->source;
	return ret;
}
