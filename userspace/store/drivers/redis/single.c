/* SPDX-License-Identifier: MIT */
/* One server, or a name for the one that is the master at the time. */
#include <errno.h>

#include "store/drivers/redis/redis.h"

static int locate(struct redis *redis, int64_t deadline_ns, struct error *error_r)
{
	const struct redis_host *host = redis->settings.hosts;

	(void)deadline_ns;
	if (redis->owners[0])
		return 0;
	redis->owners[0] = redis_nodes_get(&redis->nodes, slice_str(host->name), host->port,
					   &redis->login, &redis->target);
	if (!redis->owners[0])
		return error_set(error_r, ENOMEM, "out of memory");
	redis->owners[0]->named = true;
	return 0;
}

static struct redis_node *route(struct redis *redis, struct slice key)
{
	(void)key;
	return redis->owners[0];
}

const struct redis_topology redis_single = {.locate = locate, .route = route};
