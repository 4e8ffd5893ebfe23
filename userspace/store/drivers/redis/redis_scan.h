/* SPDX-License-Identifier: MIT */
/* Keys of which a part is not known: found by SCAN on every node that has keys. */
#ifndef DOVETAP_STORE_DRIVERS_REDIS_REDIS_SCAN_H
#define DOVETAP_STORE_DRIVERS_REDIS_REDIS_SCAN_H

#include "store/drivers/redis/redis.h"

/* A key that is there, with "shared/"; valid during the call. Returns 0 or a negative errno. */
typedef int redis_key_cb(struct slice key, const struct dict_key *asked, void *context,
			 struct error *error_r);

/*
 * Calls back for every key in the store that one of those fits. A scan reads all keys of the
 * database, others' as well: -EOPNOTSUPP when there are more than REDIS_SCAN_MAX.
 */
#define REDIS_SCAN_MAX INT64_C(20000000)
int redis_scan(struct redis *redis, const struct dict_key *keys, size_t key_count,
	       int64_t deadline_ns, redis_key_cb *cb, void *context, struct error *error_r);

#endif
