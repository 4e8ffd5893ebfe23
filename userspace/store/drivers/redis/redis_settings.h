/* SPDX-License-Identifier: MIT */
/* The settings of dict redis. */
#ifndef DOVETAP_STORE_DRIVERS_REDIS_REDIS_SETTINGS_H
#define DOVETAP_STORE_DRIVERS_REDIS_REDIS_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct dict_config;

/* A server that the settings name. */
struct redis_host {
	char *name; /* an address without brackets, or a name */
	int64_t port;
};

struct redis_settings {
	char *host, *path, *prefix, *username, *password;
	char *tls_ca, *tls_cert, *tls_key;
	char *sentinel, *sentinel_username, *sentinel_password;
	int64_t port, db, expire_secs, timeout_msecs, replicas;
	bool cluster, tls, tls_insecure;

	/* Made of host and port: the server; or nodes of the cluster; or sentinels. */
	struct redis_host *hosts;
	size_t host_count;
};

/* settings was zeroed by the caller and is always to be released. */
int redis_settings_read(struct redis_settings *settings, const struct dict_config *config,
			struct error *error_r);
void redis_settings_release(struct redis_settings *settings);

#endif
