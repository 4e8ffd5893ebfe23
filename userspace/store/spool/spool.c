/* SPDX-License-Identifier: MIT */
#include "store/spool/spool.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "store/spool/spool_state.h"

#define DEAD_LETTERS_MAX 100000

static int check_options(const struct spool_options *options, struct error *error_r)
{
	static const char *const levels[] = {"full", "normal", "off"};
	bool known = !options->synchronous;

	for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]) && !known; i++)
		known = strcmp(levels[i], options->synchronous) == 0;
	if (!known)
		return error_set(error_r, EINVAL, "Invalid synchronous: %s (full, normal or off)",
				 options->synchronous);
	for (const char *p = options->name; *p; p++) {
		if (!isalnum((unsigned char)*p) && !strchr("-_.", *p))
			known = false;
	}
	if (!known || options->name[0] == '\0' || options->name[0] == '.')
		return error_set(error_r, EINVAL,
				 "Invalid spool name: %s (letters, digits, \"-\", \"_\", \".\")",
				 options->name);
	return 0;
}

static int open_handle(struct spool *spool)
{
	const struct sqlite_handle_options handle = {
		.path = spool->path,
		.synchronous = spool->synchronous,
		.create = true,
	};

	return sqlite_handle_new(&handle, &spool->file, NULL);
}

static struct spool *spool_alloc(const struct spool_options *options)
{
	struct spool *spool = calloc(1, sizeof(*spool));

	if (!spool)
		return NULL;
	spool->dead_letters_max =
		options->dead_letters_max ? options->dead_letters_max : DEAD_LETTERS_MAX;
	spool->min_interval_ns = options->min_interval_ns;
	spool->now = options->now ? options->now : clock_wall_ns;
	spool->due_ns = INT64_MAX;
	spool->synchronous = strdup(options->synchronous ? options->synchronous : "full");
	if (asprintf(&spool->path, "%s/%s.spool", options->dir, options->name) < 0)
		spool->path = NULL;
	if (!spool->path || !spool->synchronous || open_handle(spool) < 0)
		spool_close(&spool);
	return spool;
}

int spool_open(const struct spool_options *options, struct spool **spool_r, struct error *error_r)
{
	struct spool *spool;
	int ret = check_options(options, error_r);

	if (ret < 0)
		return ret;
	spool = spool_alloc(options);
	if (!spool)
		return error_set(error_r, ENOMEM, "out of memory");
	*spool_r = spool;
	ret = spool_connect(spool, error_r);
	if (ret != -EILSEQ)
		return ret < 0;
	(void)spool_connect(spool, NULL);
	return 1;
}

bool spool_ready(const struct spool *spool)
{
	return spool->db != NULL;
}

void spool_close(struct spool **spool)
{
	if (!*spool)
		return;
	sqlite_handle_free(&(*spool)->file);
	free((*spool)->path);
	free((*spool)->synchronous);
	free(*spool);
	*spool = NULL;
}

uint64_t spool_count(const struct spool *spool)
{
	return spool->count;
}

int64_t spool_oldest_ns(const struct spool *spool)
{
	return spool->count > 0 ? spool->oldest_ns : 0;
}

const struct spool_stats *spool_stats(const struct spool *spool)
{
	return &spool->stats;
}
