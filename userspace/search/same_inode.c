/* SPDX-License-Identifier: MIT */
#include "search/same_inode.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

#define BREAKPOINT_MAX 4 /* bytes: 1 on x86, 4 on arm64, which aligns them */
#define POLL_NS	       (2 * NS_PER_MSEC)

/* A file that shrinks meanwhile would kill us with SIGBUS if we read the mapping ourselves; the
 * kernel, when it copies from there, only fails. */
static bool copy_mapped(const void *from, void *to, size_t size)
{
	int ends[2];
	bool copied;

	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0)
		return false;
	copied = write(ends[1], from, size) == (ssize_t)size &&
		 read(ends[0], to, size) == (ssize_t)size;
	close(ends[0]);
	close(ends[1]);
	return copied;
}

static bool mapping_differs(int fd, uint64_t offset, size_t size)
{
	uint64_t page = offset & ~((uint64_t)sysconf(_SC_PAGESIZE) - 1);
	size_t before = (size_t)(offset - page);
	uint8_t in_file[BREAKPOINT_MAX], in_memory[BREAKPOINT_MAX];
	uint8_t *map;
	bool differs;

	if (pread(fd, in_file, size, (off_t)offset) != (ssize_t)size)
		return false;
	map = mmap(NULL, before + size, PROT_READ, MAP_PRIVATE, fd, (off_t)page);
	if (map == MAP_FAILED)
		return false;
	differs =
		copy_mapped(map + before, in_memory, size) && memcmp(in_file, in_memory, size) != 0;
	munmap(map, before + size);
	return differs;
}

bool probe_stands(int fd, uint64_t offset)
{
	char path[32];
	bool stands;
	int open_fd;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	open_fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (open_fd < 0)
		return false;
	stands = mapping_differs(open_fd, offset, offset % BREAKPOINT_MAX ? 1 : BREAKPOINT_MAX);
	close(open_fd);
	return stands;
}

/* Until the owner of the first file's probe has set it, its absence in the second proves
 * nothing. */
static bool wait_for_probe(int fd, uint64_t offset, bool wait)
{
	const struct timespec pause = {.tv_nsec = POLL_NS};
	int64_t until = clock_monotonic_ns() + SAME_INODE_WAIT_NS;
	bool stands;

	while (!(stands = probe_stands(fd, offset)) && wait && clock_monotonic_ns() < until)
		(void)nanosleep(&pause, NULL);
	return stands;
}

bool same_inode_shown(int probed_fd, int other_fd, uint64_t offset, bool wait, bool *unset_r)
{
	*unset_r = false;
	if (probe_stands(other_fd, offset))
		return true;
	if (!wait_for_probe(probed_fd, offset, wait)) {
		*unset_r = true;
		return false;
	}
	return probe_stands(other_fd, offset);
}
