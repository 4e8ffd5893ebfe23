/* SPDX-License-Identifier: MIT */
/* Which node gets a record: a replica with room, else another node of the data centre. */
#include "store/drivers/cassandra/cql_cluster.h"

static bool has_room(const struct cql_host *host)
{
	return cql_host_usable(host) && host->conn->free_count > 0;
}

static bool avoided(const struct cql_host *host, struct cql_host *const *avoid, size_t count)
{
	while (count-- > 0) {
		if (avoid[count] == host)
			return true;
	}
	return false;
}

/* The replicas come first on the walk from the token, then every other node of the data centre. */
static struct cql_host *walk_ring(const struct cql_cluster *cluster, int64_t token,
				  struct cql_host *const *avoid, size_t avoid_count)
{
	const struct cql_ring *ring = &cluster->ring;
	size_t start = cql_ring_find(ring, token), i;
	struct cql_host *host;

	for (i = 0; i < ring->count; i++) {
		host = cluster->hosts[ring->tokens[(start + i) % ring->count].node];
		if (!host->remote && has_room(host) && !avoided(host, avoid, avoid_count))
			return host;
	}
	return NULL;
}

/* All that have room. When those of our data centre are merely busy, the others are no way out. */
static struct cql_host *take_turns(struct cql_cluster *cluster, struct cql_host *const *avoid,
				   size_t avoid_count)
{
	struct cql_host *host, *remote = NULL;
	size_t i;

	for (i = 0; i < cluster->host_count; i++) {
		host = cluster->hosts[cluster->turn++ % cluster->host_count];
		if (!has_room(host) || avoided(host, avoid, avoid_count))
			continue;
		if (!host->remote)
			return host;
		remote = host;
	}
	return cluster->remote_needed ? remote : NULL;
}

struct cql_host *cql_cluster_route(struct cql_cluster *cluster, const int64_t *token,
				   struct cql_host *const *avoid, size_t avoid_count)
{
	struct cql_host *host = NULL;

	if (token && cluster->ring.count > 0)
		host = walk_ring(cluster, *token, avoid, avoid_count);
	if (!host)
		host = take_turns(cluster, avoid, avoid_count);
	if (!host && avoid_count > 0)
		host = take_turns(cluster, avoid, 0);
	return host;
}
