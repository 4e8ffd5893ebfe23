/* SPDX-License-Identifier: MIT */
#include "store/drivers/cassandra/cql_cluster.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "store/drivers/cassandra/cql_settings.h"

int cql_cluster_init(struct cql_cluster *cluster, const struct cql_settings *settings,
		     struct cql_statements *statements, struct error *error_r)
{
	*cluster = (struct cql_cluster){.settings = settings,
					.statements = statements,
					.version = (uint8_t)settings->version,
					.seed = (unsigned int)getpid()};
	cluster->remote_allowed = strncmp(cql_consistency_name(settings->write_consistency),
					  "local-", strlen("local-")) != 0;
	cql_discovery_init(&cluster->discovery, cluster);
	return settings->tls ? cql_tls_new(settings, &cluster->tls, error_r) : 0;
}

void cql_cluster_release(struct cql_cluster *cluster)
{
	while (cluster->host_count > 0)
		cql_cluster_remove(cluster, cluster->host_count - 1);
	cql_discovery_release(&cluster->discovery);
	cql_ring_release(&cluster->ring);
	cql_tls_free(&cluster->tls);
}

/* --- hosts ----------------------------------------------------------------------------------- */

struct cql_host *cql_cluster_find(const struct cql_cluster *cluster,
				  const struct sockaddr_storage *addr)
{
	size_t i;

	for (i = 0; i < cluster->host_count; i++) {
		if (cql_address_equal(&cluster->hosts[i]->address.addr, addr))
			return cluster->hosts[i];
	}
	return NULL;
}

struct cql_host *cql_cluster_add(struct cql_cluster *cluster, const struct cql_address *address)
{
	struct cql_host *host = cql_cluster_find(cluster, &address->addr);

	if (host || cluster->host_count == CQL_HOSTS_MAX)
		return host;
	host = calloc(1, sizeof(*host));
	if (!host)
		return NULL;
	host->address = *address;
	cql_address_label(&address->addr, host->label);
	cluster->hosts[cluster->host_count++] = host;
	return host;
}

void cql_cluster_drop(struct cql_cluster *cluster, struct cql_host *host)
{
	struct cql_conn *conn = host->conn;

	if (conn)
		cql_discovery_lost(&cluster->discovery, conn);
	cql_conn_free(&host->conn);
}

void cql_cluster_remove(struct cql_cluster *cluster, size_t index)
{
	struct cql_host *host = cluster->hosts[index];

	cql_cluster_drop(cluster, host);
	cluster->hosts[index] = cluster->hosts[--cluster->host_count];
	/* Its tokens name it by index, and those of the last host have moved. */
	cluster->ring.count = 0;
	free(host);
}

static void add_contact(struct cql_cluster *cluster, const char *name, struct error *error_r)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *list = NULL, *found;
	char port[16];
	int code;

	snprintf(port, sizeof(port), "%u", cluster->settings->port);
	code = getaddrinfo(name, port, &hints, &list);
	if (code != 0)
		error_set(error_r, EHOSTUNREACH, "%s: %s", name, gai_strerror(code));
	for (found = list; found; found = found->ai_next) {
		struct cql_address address = {.len = found->ai_addrlen, .name = name};

		memcpy(&address.addr, found->ai_addr, found->ai_addrlen);
		cql_cluster_add(cluster, &address);
	}
	if (list)
		freeaddrinfo(list);
}

static size_t connected_count(const struct cql_cluster *cluster)
{
	size_t i, count = 0;

	for (i = 0; i < cluster->host_count; i++)
		count += cluster->hosts[i]->conn != NULL;
	return count;
}

int cql_cluster_begin(struct cql_cluster *cluster, struct error *error_r)
{
	int64_t now = clock_monotonic_ns();
	struct error error = {0};
	size_t i;

	if (connected_count(cluster) == 0) {
		for (i = 0; i < cluster->settings->host_count; i++)
			add_contact(cluster, cluster->settings->hosts[i], &error);
		for (i = 0; i < cluster->host_count; i++)
			cluster->hosts[i]->next_try_ns = 0;
	}
	/* Time in which nobody called us is not time in which the server was silent. */
	for (i = 0; i < cluster->host_count; i++) {
		struct cql_conn *conn = cluster->hosts[i]->conn;

		if (conn && (conn->state != CQL_CONN_READY || cql_conn_in_flight(conn) > 0))
			conn->since_ns = now;
	}
	return cluster->host_count > 0 ? 0 : error_set(error_r, EHOSTUNREACH, "%s", error.text);
}

/* --- what the callers ask -------------------------------------------------------------------- */

bool cql_cluster_ready(const struct cql_cluster *cluster)
{
	size_t i;

	if (!cluster->discovery.complete)
		return false;
	for (i = 0; i < cluster->host_count; i++) {
		if (cql_host_usable(cluster->hosts[i]))
			return true;
	}
	return false;
}

/* An error that the operator has to mend is the same on every node, and more useful than that a
 * node is down. */
static const struct cql_host *misconfigured(const struct cql_cluster *cluster)
{
	size_t i;

	for (i = 0; i < cluster->host_count; i++) {
		int code = cluster->hosts[i]->error.code;

		if (code == EINVAL || code == EACCES)
			return cluster->hosts[i];
	}
	return NULL;
}

int cql_cluster_error(const struct cql_cluster *cluster, struct error *error_r)
{
	const struct cql_host *host = misconfigured(cluster);
	struct buf text;
	int code = 0;
	size_t i;

	if (host)
		return error_set(error_r, host->error.code, "%s: %s", host->label,
				 host->error.text);
	buf_init(&text, sizeof(error_r->text));
	for (i = 0; i < cluster->host_count; i++) {
		host = cluster->hosts[i];
		if (host->error.code == 0)
			continue;
		code = host->error.code;
		buf_appendf(&text, "%s%s: %s", text.len > 0 ? "; " : "", host->label,
			    host->error.text);
	}
	if (code == 0)
		error_set(error_r, ETIMEDOUT, "no Cassandra node answered in time");
	else
		error_set(error_r, code, "no Cassandra node can be used: %s", buf_str(&text));
	buf_release(&text);
	return code == 0 ? -ETIMEDOUT : -code;
}

int cql_cluster_wait(struct cql_cluster *cluster, int64_t deadline_ns, struct error *error_r)
{
	int ret = cql_cluster_begin(cluster, error_r);

	if (ret < 0)
		return ret;
	while (!cql_cluster_ready(cluster)) {
		if (clock_monotonic_ns() >= deadline_ns || cql_cluster_hopeless(cluster))
			return cql_cluster_error(cluster, error_r);
		cql_cluster_step(cluster, deadline_ns);
	}
	return 0;
}
