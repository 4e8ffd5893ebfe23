/* SPDX-License-Identifier: MIT */
/*
 * A wall clock of its own for one program and its children, which a test can set while they run:
 *
 *	cc -shared -fPIC -o clock.so tests/harness/clock.c
 *	truncate -s 8 DIR/clock; TMPDIR=DIR LD_PRELOAD=clock.so PROGRAM
 *
 * Or the file is the one that DOVETAP_TEST_CLOCK names.
 *
 * The file holds nanoseconds (a number of the machine's own kind) that are added to CLOCK_REALTIME.
 * The machine's clock, and every other clock, is left alone.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static const volatile int64_t *offset_ns;

__attribute__((constructor)) static void map(void)
{
	const char *named = getenv("DOVETAP_TEST_CLOCK"), *dir = getenv("TMPDIR");
	char path[4096];
	void *place;
	int fd;

	snprintf(path, sizeof(path), named ? "%s" : "%s/clock", named ? named : dir ? dir : "");
	fd = open(path, O_RDONLY | O_CLOEXEC);
	place = fd < 0 ? MAP_FAILED : mmap(NULL, 8, PROT_READ, MAP_SHARED, fd, 0);

	if (place != MAP_FAILED)
		offset_ns = place;
	if (fd >= 0)
		close(fd);
}

int clock_gettime(clockid_t id, struct timespec *ts)
{
	long ret = syscall(SYS_clock_gettime, id, ts);
	int64_t ns;

	if (ret == 0 && id == CLOCK_REALTIME && offset_ns) {
		ns = ts->tv_sec * 1000000000LL + ts->tv_nsec + *offset_ns;
		ts->tv_sec = ns / 1000000000LL;
		ts->tv_nsec = ns % 1000000000LL;
	}
	return (int)ret;
}

int gettimeofday(struct timeval *restrict tv, void *restrict zone)
{
	struct timespec now;

	(void)zone;
	clock_gettime(CLOCK_REALTIME, &now);
	*tv = (struct timeval){now.tv_sec, now.tv_nsec / 1000};
	return 0;
}

time_t time(time_t *seconds)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	if (seconds)
		*seconds = now.tv_sec;
	return now.tv_sec;
}
