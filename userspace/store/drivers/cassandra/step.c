/* SPDX-License-Identifier: MIT */
/* One step of a cluster: poll, read, write, reconnect what is due. The only place of the driver
 * that waits. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>

#include "base/clock.h"
#include "store/drivers/cassandra/cql_cluster.h"
#include "store/drivers/cassandra/cql_settings.h"
#include "store/drivers/cassandra/startup.h"

#define BACKOFF_MIN_NS	(250 * NS_PER_MSEC)
#define BACKOFF_MAX_NS	(30 * NS_PER_SEC)
#define SCHEMA_PAUSE_NS NS_PER_SEC

/* Another data centre's nodes are there for when none of ours is. */
static bool any_local(const struct cql_cluster *cluster)
{
	size_t i;

	for (i = 0; i < cluster->host_count; i++) {
		if (!cluster->hosts[i]->remote && cluster->hosts[i]->failures == 0)
			return true;
	}
	return false;
}

static bool wanted(const struct cql_cluster *cluster, const struct cql_host *host)
{
	return !host->remote || cluster->remote_needed;
}

static void back_off(struct cql_cluster *cluster, struct cql_host *host, int64_t now)
{
	int64_t wait = BACKOFF_MAX_NS;

	if (host->failures < 7)
		wait = BACKOFF_MIN_NS << host->failures;
	if (wait > BACKOFF_MAX_NS)
		wait = BACKOFF_MAX_NS;
	host->failures++;
	/* Between half of it and all of it, so that many writers do not come back at once. */
	wait = wait / 2 + (wait / 2) * (rand_r(&cluster->seed) % 1000) / 1000;
	host->next_try_ns = now + wait;
}

static void open_due(struct cql_cluster *cluster, int64_t now)
{
	struct cql_host *host;
	size_t i;

	for (i = 0; i < cluster->host_count; i++) {
		host = cluster->hosts[i];
		if (host->conn || now < host->next_try_ns || !wanted(cluster, host))
			continue;
		if (cql_conn_open(cluster->settings, cluster->statements, &host->address,
				  cluster->tls, cluster->version, &host->conn, &host->error) < 0)
			back_off(cluster, host, now);
	}
}

static void check_schema(struct cql_cluster *cluster, int64_t now)
{
	size_t i;

	if (!cluster->schema_changed || now - cluster->schema_checked_ns < SCHEMA_PAUSE_NS)
		return;
	cluster->schema_changed = false;
	cluster->schema_checked_ns = now;
	for (i = 0; i < cluster->host_count; i++) {
		if (cluster->hosts[i]->conn)
			cql_startup_prepare_again(cluster->hosts[i]->conn);
	}
}

/* How long this connection may be silent; 0: as long as it likes. */
static int64_t patience(const struct cql_cluster *cluster, const struct cql_conn *conn)
{
	const struct cql_settings *settings = cluster->settings;

	if (conn->state == CQL_CONN_READY && cql_conn_in_flight(conn) == 0)
		return 0;
	if (conn->state == CQL_CONN_READY &&
	    settings->request_timeout_ns < settings->connect_timeout_ns)
		return settings->request_timeout_ns;
	return settings->connect_timeout_ns;
}

static void check_silence(struct cql_cluster *cluster, struct cql_conn *conn, int64_t now)
{
	int64_t most = patience(cluster, conn), silent = now - conn->since_ns;

	if (conn->state == CQL_CLOSED)
		return;
	if (most > 0 && silent > most)
		cql_conn_fail(conn, ETIMEDOUT, "no answer for %.1f seconds",
			      (double)most / (double)NS_PER_SEC);
	else if (most == 0 && conn->state == CQL_CONN_READY &&
		 cluster->settings->heartbeat_ns > 0 && silent > cluster->settings->heartbeat_ns)
		cql_conn_probe(conn);
}

/* Takes the error of a closed connection. */
static void reap(struct cql_cluster *cluster, struct cql_host *host, int64_t now)
{
	bool refused = host->conn->error.code == EPROTONOSUPPORT;
	uint8_t version = host->conn->version;

	host->error = host->conn->error;
	cql_cluster_drop(cluster, host);
	if (refused && version > CQL_VERSION_MIN) {
		if (version == cluster->version)
			cluster->version--;
		return; /* at once, with the older protocol */
	}
	back_off(cluster, host, now);
}

static void work(struct cql_cluster *cluster, const struct pollfd *pollfds,
		 struct cql_host *const *polled, size_t count)
{
	int64_t now = clock_monotonic_ns();
	struct cql_conn *conn;
	size_t i;

	for (i = 0; i < count; i++) {
		conn = polled[i]->conn;
		if (pollfds[i].revents != 0 || conn->more_input)
			cql_conn_work(conn, now);
		check_silence(cluster, conn, now);
		if (conn->state == CQL_CONN_READY) {
			polled[i]->failures = 0;
			polled[i]->error.code = 0;
		}
	}
	for (i = 0; i < count; i++) {
		if (polled[i]->conn->state == CQL_CLOSED)
			reap(cluster, polled[i], now);
	}
}

/* When something is due without a byte arriving. */
static int64_t next_due(const struct cql_cluster *cluster, int64_t until)
{
	size_t i;

	for (i = 0; i < cluster->host_count; i++) {
		const struct cql_host *host = cluster->hosts[i];
		int64_t due = host->next_try_ns;

		if (host->conn && host->conn->more_input)
			return 0;
		if (host->conn) {
			int64_t most = patience(cluster, host->conn);

			due = most > 0 ? host->conn->since_ns + most : until;
		} else if (!wanted(cluster, host)) {
			continue;
		}
		if (due < until)
			until = due;
	}
	return until;
}

static int wait_ms(const struct cql_cluster *cluster, int64_t until, int64_t now)
{
	int64_t wait = next_due(cluster, until) - now;

	if (wait <= 0)
		return 0;
	return wait > 1000 * NS_PER_SEC ? 1000000 : (int)(wait / NS_PER_MSEC) + 1;
}

void cql_cluster_step(struct cql_cluster *cluster, int64_t until_ns)
{
	struct pollfd pollfds[CQL_HOSTS_MAX];
	struct cql_host *polled[CQL_HOSTS_MAX];
	int64_t now = clock_monotonic_ns();
	size_t i, count = 0;

	cluster->remote_needed = cluster->remote_allowed && !any_local(cluster);
	check_schema(cluster, now);
	open_due(cluster, now);
	cql_discovery_work(&cluster->discovery, now);
	for (i = 0; i < cluster->host_count; i++) {
		struct cql_conn *conn = cluster->hosts[i]->conn;

		if (!conn)
			continue;
		if (conn->state == CQL_STARTING)
			cql_startup_send(conn);
		pollfds[count] =
			(struct pollfd){.fd = conn->transport.fd, .events = cql_conn_events(conn)};
		polled[count++] = cluster->hosts[i];
	}
	if (poll(pollfds, count, wait_ms(cluster, until_ns, now)) < 0)
		count = 0; /* a signal: the caller looks at its deadline and comes again */
	work(cluster, pollfds, polled, count);
	/* What was just read may have completed it, and then nobody else would come by. */
	cql_discovery_work(&cluster->discovery, clock_monotonic_ns());
}

bool cql_cluster_hopeless(const struct cql_cluster *cluster)
{
	int64_t now = clock_monotonic_ns();
	size_t i;

	for (i = 0; i < cluster->host_count; i++) {
		const struct cql_host *host = cluster->hosts[i];

		if (host->conn || (now >= host->next_try_ns && wanted(cluster, host)))
			return false;
	}
	return true;
}
