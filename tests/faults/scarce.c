/* SPDX-License-Identifier: MIT */
/*
 * Memory that fails as a test says, for the dovetap that is linked with --wrap for the functions
 * below. The file that SCARCE names is of 32 bytes:
 *
 *	0   eight digits: every so many-th allocation fails; 0: none does
 *	8   the number of allocations that were made, and
 *	16  of those that have failed, as the machine writes numbers
 *
 * and SCARCE_AT is the number of one that fails besides. The file is shared by all processes, which
 * see at once what is written into it.
 */
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

struct scarce {
	char every[8];
	atomic_ulong made, failed;
	char unused[8];
};

_Static_assert(sizeof(struct scarce) == 32, "as told above");

static struct scarce none = {.every = "00000000"}, *scarce = &none;
static unsigned long fails_at;

/* Before there is a sandbox. */
static void __attribute__((constructor)) scarce_init(void)
{
	const char *path = getenv("SCARCE"), *at = getenv("SCARCE_AT");
	int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
	void *map = mmap(NULL, sizeof(*scarce), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (map == MAP_FAILED)
		abort();
	scarce = map;
	fails_at = at ? strtoul(at, NULL, 10) : 0;
}

static unsigned long every(void)
{
	unsigned long number = 0;

	for (size_t i = 0; i < sizeof(scarce->every); i++)
		number = number * 10 + (unsigned long)(scarce->every[i] - '0');
	return number;
}

static bool fails(void)
{
	unsigned long number = atomic_fetch_add(&scarce->made, 1) + 1, often = every();
	bool fail = number == fails_at || (often > 0 && number % often == 0);

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
