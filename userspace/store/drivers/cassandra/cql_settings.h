/* SPDX-License-Identifier: MIT */
/*
 * How to reach the cluster: the "connect = ..." line of a 2.3 map file, or the cassandra_*
 * settings of 2.4. Names and defaults are Dovecot's (driver-cassandra.c), plus "ttl", ours.
 */
#ifndef DOVETAP_STORE_DRIVERS_CASSANDRA_CQL_SETTINGS_H
#define DOVETAP_STORE_DRIVERS_CASSANDRA_CQL_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "store/drivers/cassandra/frame.h"

struct conf_section;

#define CQL_CONTACTS_MAX 64

/* What must be true of the server's certificate. */
enum cql_verify {
	CQL_VERIFY_HOST, /* the default: signed by the CA, for the host as it was reached: a contact
			  * point's name, the address of a node that was discovered */
	CQL_VERIFY_NONE,
	CQL_VERIFY_CERT, /* signed by the CA */
	CQL_VERIFY_IP,	 /* and for the node's address */
	CQL_VERIFY_DNS,	 /* and for the node's name, from its address if need be */
};

/* All texts are owned; "" where nothing was set. */
struct cql_settings {
	char *hosts[CQL_CONTACTS_MAX];
	size_t host_count;
	unsigned int port;
	char *keyspace, *user, *password;

	unsigned int read_consistency, write_consistency; /* enum cql_consistency */
	unsigned int read_fallback, write_fallback;

	int64_t connect_timeout_ns;
	int64_t request_timeout_ns;
	int64_t heartbeat_ns;	   /* a quiet connection is probed after it */
	int64_t retry_interval_ns; /* 0: off; else the next node is asked too after it */
	unsigned int retry_times;
	unsigned int version; /* the protocol to begin with */
	int64_t ttl_ns;	      /* 0: rows stay */

	bool tls;
	unsigned int verify; /* enum cql_verify */
	char *ca_file, *cert_file, *key_file, *key_password;
};

/* The words of a "connect" line. where is "file:line". Returns 0, -EINVAL or -ENOMEM. */
int cql_settings_parse(struct cql_settings *settings_r, const char *connect, const char *where,
		       struct error *error_r);

/* The cassandra_* and ssl_client_* settings in the block or, as in Dovecot, around it. */
int cql_settings_from_block(struct cql_settings *settings_r, const struct conf_section *block,
			    struct error *error_r);

void cql_settings_release(struct cql_settings *settings);

#endif
