/* SPDX-License-Identifier: MIT */
/*
 * Memory that fails as a test says, for the dovetap and the dovetap-attacher that are linked with
 * --wrap for the functions below. The file scarce in $TMPDIR is of 32 bytes:
 *
 *	0   eight digits: every so many-th allocation fails; 0: none does
 *	8   the number of allocations that were made, and
 *	16  of those that have failed, as the machine writes numbers
 *	24  eight digits: the number of one that fails besides; 0: none
 *
 * The file is shared by all processes, which see at once what is written into it.
 */
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

struct scarce {
	char every[8];
	atomic_ulong made, failed;
	char at[8];
};

_Static_assert(sizeof(struct scarce) == 32, "as described above");

static struct scarce none = {.every = "00000000", .at = "00000000"}, *scarce = &none;

/* Before there is a sandbox. */
static void __attribute__((constructor)) scarce_init(void)
{
	const char *dir = getenv("TMPDIR");
	char path[4096];
	void *map;
	int fd;

	snprintf(path, sizeof(path), "%s/scarce", dir ? dir : "");
	fd = open(path, O_RDWR | O_CLOEXEC);
	map = mmap(NULL, sizeof(*scarce), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		abort();
	close(fd);
	scarce = map;
}

static unsigned long number_in(const char digits[8])
{
	unsigned long number = 0;

	for (size_t i = 0; i < 8; i++)
		number = number * 10 + (unsigned long)(digits[i] - '0');
	return number;
}

static bool fails(void)
{
	unsigned long number = atomic_fetch_add(&scarce->made, 1) + 1,
		      often = number_in(scarce->every);
	bool fail = number == number_in(scarce->at) || (often > 0 && number % often == 0);

	if (fail)
		atomic_fetch_add(&scarce->failed, 1);
	return fail;
}

#include "../wrap_allocations.h"

int __wrap_asprintf(char **text_r, const char *format, ...) __attribute__((format(printf, 2, 3)));
int __wrap_asprintf(char **text_r, const char *format, ...)
{
	va_list args;
	int len = -1;

	va_start(args, format);
	if (!fails())
		len = vasprintf(text_r, format, args);
	va_end(args);
	return len;
}
