/* SPDX-License-Identifier: MIT */
#include "attach/ring_used.h"

#include <errno.h>
#include <stddef.h>
#include <sys/mman.h>
#include <unistd.h>

/* The first two pages: the consumer's position, the producer's (capture/ring.c draws them). */
static int read_position(int ring_fd, off_t at, size_t page, unsigned long *position_r)
{
	unsigned long *map = mmap(NULL, page, PROT_READ, MAP_SHARED, ring_fd, at);

	if (map == MAP_FAILED)
		return -errno;
	*position_r = __atomic_load_n(map, __ATOMIC_ACQUIRE);
	munmap(map, page);
	return 0;
}

int64_t ring_used(int ring_fd)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	unsigned long consumer = 0, producer = 0;
	int ret = read_position(ring_fd, 0, page, &consumer);

	if (ret == 0)
		ret = read_position(ring_fd, (off_t)page, page, &producer);
	return ret < 0 ? ret : (int64_t)(producer - consumer);
}
