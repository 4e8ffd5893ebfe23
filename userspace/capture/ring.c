/* SPDX-License-Identifier: MIT */
#include "capture/ring.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <unistd.h>

/*
 * The kernel's layout (kernel/bpf/ringbuf.c): a page with the consumer position that the reader
 * writes; a page with the producer position; the data twice in a row, so that a record that wraps
 * is contiguous. A record is a header of eight bytes (length with two flag bits, page offset) and
 * its bytes, rounded up to eight.
 */
struct ring {
	struct event_source source;
	unsigned long *consumer;       /* page one, read and write */
	const unsigned long *producer; /* page two */
	const uint8_t *data;	       /* behind page two */
	size_t page, size;	       /* of one copy of the data */
	uint64_t cursor;	       /* up to here records were lent */
	int epoll_fd;
};

static uint64_t load_acquire(const unsigned long *position)
{
	return __atomic_load_n(position, __ATOMIC_ACQUIRE);
}

/* UNSAFE: the kernel keeps positions below producer mapped and headers consistent. */
static const uint32_t *header_at(const struct ring *ring, uint64_t position)
{
	return (const uint32_t *)(ring->data + (position & (ring->size - 1)));
}

static uint64_t step_over(uint32_t length)
{
	length &= ~(BPF_RINGBUF_BUSY_BIT | BPF_RINGBUF_DISCARD_BIT);
	return ((uint64_t)length + BPF_RINGBUF_HDR_SZ + 7) & ~7ULL;
}

static int ring_peek(struct event_source *source, struct slice *record_r, uint64_t *position_r,
		     struct error *error_r)
{
	struct ring *ring = (struct ring *)source;
	uint64_t end = load_acquire(ring->producer);

	(void)error_r;
	while (ring->cursor < end) {
		const uint32_t *header = header_at(ring, ring->cursor);
		uint32_t length = __atomic_load_n(header, __ATOMIC_ACQUIRE);

		if (length & BPF_RINGBUF_BUSY_BIT)
			break;
		ring->cursor += step_over(length);
		if (length & BPF_RINGBUF_DISCARD_BIT)
			continue;
		*record_r = (struct slice){(const char *)header + BPF_RINGBUF_HDR_SZ, length};
		*position_r = ring->cursor;
		return 1;
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

static void ring_close(struct event_source *source)
{
	struct ring *ring = (struct ring *)source;

	if (ring->consumer)
		munmap(ring->consumer, ring->page);
	if (ring->producer)
		munmap((void *)ring->producer, ring->page + 2 * ring->size);
	if (ring->epoll_fd >= 0)
		close(ring->epoll_fd);
	free(ring);
}

static const struct event_source_ops ring_ops = {
	.peek = ring_peek,
	.release = ring_release,
	.fd = ring_fd,
	.close = ring_close,
};

static int ring_map(struct ring *ring, int map_fd, struct error *error_r)
{
	void *map;

	map = mmap(NULL, ring->page, PROT_READ | PROT_WRITE, MAP_SHARED, map_fd, 0);
	if (map == MAP_FAILED)
		return error_set(error_r, errno, "cannot map the ring's consumer page: %m");
	ring->consumer = map;
	map = mmap(NULL, ring->page + 2 * ring->size, PROT_READ, MAP_SHARED, map_fd,
		   (off_t)ring->page);
	if (map == MAP_FAILED)
		return error_set(error_r, errno, "cannot map the ring's data: %m");
	ring->producer = map;
	ring->data = (const uint8_t *)map + ring->page;
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

int ring_open(int map_fd, struct event_source **source_r, struct error *error_r)
{
	struct bpf_map_info info = {0};
	uint32_t info_size = sizeof(info);
	struct ring *ring;
	int ret;

	if (bpf_obj_get_info_by_fd(map_fd, &info, &info_size) < 0)
		return error_set(error_r, errno, "cannot inspect the ring's map: %m");
	if (info.type != BPF_MAP_TYPE_RINGBUF)
		return error_set(error_r, EINVAL, "map %s is no ring buffer", info.name);
	ring = calloc(1, sizeof(*ring));
	if (!ring)
		return error_set(error_r, ENOMEM, "out of memory for the ring");
	ring->source.ops = &ring_ops;
	ring->epoll_fd = -1;
	ring->page = (size_t)sysconf(_SC_PAGESIZE);
	ring->size = info.max_entries;
	ret = ring_map(ring, map_fd, error_r);
	if (ret == 0)
		ret = ring_watch(ring, map_fd, error_r);
	if (ret < 0)
		ring_close(&ring->source);
	else
		*source_r = &ring->source;
	return ret;
}

uint64_t ring_backlog(const struct event_source *source)
{
	const struct ring *ring = (const struct ring *)source;

	return load_acquire(ring->producer) - *ring->consumer;
}

uint64_t ring_size(const struct event_source *source)
{
	return ((const struct ring *)source)->size;
}
