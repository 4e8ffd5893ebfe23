/* SPDX-License-Identifier: MIT */
#include "login/coalesce.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>

struct seen {
	uint64_t hash; /* 0 = empty */
	int64_t time_ns;
};

struct coalesce {
	int64_t interval_ns;
	uint64_t seed;
	struct seen *seen; /* COALESCE_KEYS */
};

int coalesce_new(int64_t interval_ns, struct coalesce **coalesce_r, struct error *error_r)
{
	struct coalesce *coalesce = calloc(1, sizeof(*coalesce));

	if (coalesce)
		coalesce->seen = calloc(COALESCE_KEYS, sizeof(*coalesce->seen));
	if (!coalesce || !coalesce->seen) {
		coalesce_free(&coalesce);
		return error_set(error_r, ENOMEM, "out of memory for min_interval");
	}
	coalesce->interval_ns = interval_ns;
	/* The seed keeps users from choosing names that collide; weak randomness is no error. */
	if (getrandom(&coalesce->seed, sizeof(coalesce->seed), GRND_NONBLOCK) < 0)
		coalesce->seed = (uintptr_t)coalesce;
	*coalesce_r = coalesce;
	return 0;
}

void coalesce_free(struct coalesce **coalesce)
{
	if (!*coalesce)
		return;
	free((*coalesce)->seen);
	free(*coalesce);
	*coalesce = NULL;
}

/* FNV-1a over seed and bytes, then the finalizer of MurmurHash3, so that all bits depend on all
 * bytes. */
static uint64_t hash_key(uint64_t seed, struct slice key)
{
	uint64_t hash = 0xcbf29ce484222325U ^ seed;

	for (size_t i = 0; i < key.len; i++)
		hash = (hash ^ (uint8_t)key.ptr[i]) * 0x100000001b3U;
	hash = (hash ^ hash >> 33) * 0xff51afd7ed558ccdU;
	hash = (hash ^ hash >> 33) * 0xc4ceb9fe1a85ec53U;
	hash ^= hash >> 33;
	return hash ? hash : 1;
}

bool coalesce_pass(struct coalesce *coalesce, struct slice key, int64_t time_ns)
{
	uint64_t hash = hash_key(coalesce->seed, key);
	struct seen *seen = &coalesce->seen[hash % COALESCE_KEYS];

	if (seen->hash == hash && time_ns - seen->time_ns < coalesce->interval_ns)
		return false;
	*seen = (struct seen){hash, time_ns};
	return true;
}
