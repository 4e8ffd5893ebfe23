/* SPDX-License-Identifier: MIT */
/* Any bytes as a spool file: it opens, reads and takes entries, or is moved aside for a new one. */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "store/spool/spool.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char dir[] = "/dev/shm/fuzz_spool.XXXXXX";

static void remove_dir(void)
{
	char command[64];

	snprintf(command, sizeof(command), "rm -rf %s", dir);
	if (system(command) != 0)
		abort();
}

static void make_file(const uint8_t *data, size_t size)
{
	static bool made;
	char path[64];
	int fd;

	if (!made) {
		made = mkdtemp(dir) != NULL;
		atexit(remove_dir);
	}
	snprintf(path, sizeof(path), "rm -f %s/*", dir);
	if (size % 64 == 0 && system(path) != 0) /* those that were moved aside */
		abort();
	for (int i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "%s/f.spool%s", dir, i ? "-wal" : "-shm");
		(void)unlink(path);
	}
	snprintf(path, sizeof(path), "%s/f.spool", dir);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	assert(fd >= 0 && write(fd, data, size) == (ssize_t)size);
	close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct spool_options options = {
		.dir = dir, .name = "f", .synchronous = "off", .min_interval_ns = 1};
	struct dict_entry entry = {
		.key = slice_str("key"), .value = slice_str("1"), .time_ns = INT64_MAX};
	struct spool_batch batch = {0};
	struct spool *spool = NULL;
	struct error error;

	make_file(data, size);
	if (spool_open(&options, &spool, &error) < 0)
		return 0;
	(void)spool_release_held(spool, &error);
	(void)spool_hold(spool, &entry, 1, &error);
	if (spool_read(spool, 100, &batch, &error) == 0)
		spool_batch_release(&batch);
	/* The first may find damage; the second has a new file then. */
	if (spool_apply_outcomes(spool, &entry, 1, &error) == -EILSEQ)
		assert(spool_apply_outcomes(spool, &entry, 1, &error) == 0);
	spool_close(&spool);
	return 0;
}
