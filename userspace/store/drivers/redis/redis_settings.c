/* SPDX-License-Identifier: MIT */
#include "store/drivers/redis/redis_settings.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "store/dict.h"
#include "store/option.h"

#define PORT	      6379
#define SENTINEL_PORT 26379
#define HOSTS_MAX     64
#define REPLICAS      1 /* that have a record before it counts as stored, where there are any */
#define UNSET	      (-1)

#define AT(field) offsetof(struct redis_settings, field)

static const struct option options[] = {
	{"host", "redis_host", OPTION_HOSTS, AT(host), .fallback = "127.0.0.1"},
	{"port", "redis_port", OPTION_NUMBER, AT(port), .min = 1, .max = 65535,
	 .invalid = "Invalid port", .expected = "1 to 65535"},
	{"path", "redis_socket_path", OPTION_STRING, AT(path), .fallback = ""},
	{"prefix", "redis_key_prefix", OPTION_STRING, AT(prefix), .fallback = ""},
	{"db", "redis_db_id", OPTION_NUMBER, AT(db), .max = INT32_MAX, .fallback = "0",
	 .invalid = "Invalid db number", .expected = "0 or more"},
	{"password", "redis_password", OPTION_SECRET, AT(password), .fallback = ""},
	{"expire_secs", "redis_expire", OPTION_SECS, AT(expire_secs), .min = 1, .max = UINT32_MAX,
	 .invalid = "Invalid expire_secs", .expected = "seconds, 1 or more"},
	{"timeout_msecs", "redis_request_timeout", OPTION_MSECS, AT(timeout_msecs), .min = 1,
	 .max = INT32_MAX, .fallback = "30000", .invalid = "Invalid timeout_msecs",
	 .expected = "milliseconds"},
	{"username", "redis_username", OPTION_STRING, AT(username), .fallback = "",
	 .extension = true},
	{"tls", "redis_tls", OPTION_FLAG, AT(tls), .extension = true},
	{"tls_insecure", "redis_tls_insecure", OPTION_FLAG, AT(tls_insecure), .extension = true},
	{"tls_ca", "redis_tls_ca_file", OPTION_STRING, AT(tls_ca), .extension = true},
	{"tls_cert", "redis_tls_cert_file", OPTION_STRING, AT(tls_cert), .extension = true},
	{"tls_key", "redis_tls_key_file", OPTION_STRING, AT(tls_key), .extension = true},
	{"cluster", "redis_cluster", OPTION_FLAG, AT(cluster), .extension = true},
	{"sentinel", "redis_sentinel", OPTION_STRING, AT(sentinel), .fallback = "",
	 .extension = true},
	{"sentinel_username", "redis_sentinel_username", OPTION_STRING, AT(sentinel_username),
	 .fallback = "", .extension = true},
	{"sentinel_password", "redis_sentinel_password", OPTION_SECRET, AT(sentinel_password),
	 .fallback = "", .extension = true},
	{"replicas", "redis_replicas", OPTION_NUMBER, AT(replicas), .max = 100,
	 .invalid = "Invalid replicas", .expected = "0 to 100", .extension = true},
	{0},
};

/* --- hosts ----------------------------------------------------------------------------------- */

static int bad_host(const char *text, struct error *error_r)
{
	return error_set(error_r, EINVAL,
			 "Invalid host: %s (expected NAME, NAME:PORT or [ADDRESS]:PORT)", text);
}

/* "name", "name:1", "[::1]", "[::1]:1"; "::1" is an address as well. */
static int parse_host(char *text, int64_t port, struct redis_host *host, struct error *error_r)
{
	char *end = *text == '[' ? strchr(text, ']') : NULL, *colon = strchr(end ? end : text, ':');
	size_t digits = colon ? strspn(colon + 1, "0123456789") : 0;

	host->port = port;
	if (colon && !strchr(colon + 1, ':')) {
		host->port = strtoll(colon + 1, NULL, 10);
		if (digits == 0 || digits > 5 || colon[1 + digits] != '\0' || host->port < 1 ||
		    host->port > UINT16_MAX)
			return bad_host(text, error_r);
		*colon = '\0';
	}
	if (*text == '[' && (!end || end[1] != '\0'))
		return bad_host(text, error_r);
	if (end)
		*end = '\0';
	text += end != NULL;
	if (*text == '\0')
		return bad_host("(empty)", error_r);
	host->name = strdup(text);
	return host->name ? 0 : error_set(error_r, ENOMEM, "out of memory");
}

/* A list may have blanks around its commas. */
static int parse_hosts(struct redis_settings *settings, struct error *error_r)
{
	char *list = strdup(settings->host), *rest = list, *text;
	int ret = 0;

	settings->hosts = calloc(HOSTS_MAX, sizeof(*settings->hosts));
	if (!list || !settings->hosts) {
		free(list);
		return error_set(error_r, ENOMEM, "out of memory");
	}
	while (ret == 0 && (text = strsep(&rest, ","))) {
		text += strspn(text, " ");
		text[strcspn(text, " ")] = '\0';
		if (settings->host_count == HOSTS_MAX)
			ret = error_set(error_r, EINVAL, "Invalid host: more than %d", HOSTS_MAX);
		else
			ret = parse_host(text, settings->port,
					 &settings->hosts[settings->host_count++], error_r);
	}
	free(list);
	return ret;
}

/* --- all ------------------------------------------------------------------------------------- */

static bool is_ip(const char *host)
{
	struct in6_addr address;

	return inet_pton(AF_INET, host, &address) == 1 || inet_pton(AF_INET6, host, &address) == 1;
}

static int check_strict(const struct redis_settings *settings, struct error *error_r)
{
	if (settings->cluster || *settings->sentinel)
		return error_set(error_r, EINVAL,
				 "cluster and sentinel are not possible with compat = strict");
	if (!is_ip(settings->host))
		return error_set(error_r, EINVAL, "Invalid IP: %s", settings->host);
	return 0;
}

static int check(const struct redis_settings *settings, struct error *error_r)
{
	bool several = settings->cluster || *settings->sentinel;

	if (settings->cluster && *settings->sentinel)
		return error_set(error_r, EINVAL,
				 "cluster and sentinel exclude each other: a Redis Cluster fails "
				 "over by itself");
	if (settings->cluster && settings->db != 0)
		return error_set(error_r, EINVAL, "db must be 0: a Redis Cluster has no other");
	if (several && *settings->path)
		return error_set(error_r, EINVAL,
				 "path cannot be used with cluster or sentinel; list hosts");
	if (!several && settings->host_count > 1)
		return error_set(error_r, EINVAL,
				 "Invalid host: %s (several only with cluster or sentinel)",
				 settings->host);
	return 0;
}

int redis_settings_read(struct redis_settings *settings, const struct dict_config *config,
			struct error *error_r)
{
	int ret;

	settings->port = settings->replicas = UNSET;
	ret = option_defaults(options, settings, error_r);
	if (ret == 0 && config->block)
		ret = option_from_block(options, settings, config->block, error_r);
	else if (ret == 0)
		ret = option_from_uri(options, settings, strchr(config->uri, ':') + 1,
				      config->strict, error_r);
	if (ret == 0 && config->strict)
		ret = check_strict(settings, error_r);
	if (ret < 0)
		return ret;
	if (settings->port == UNSET)
		settings->port = *settings->sentinel ? SENTINEL_PORT : PORT;
	if (settings->replicas == UNSET)
		settings->replicas = settings->cluster || *settings->sentinel ? REPLICAS : 0;
	ret = parse_hosts(settings, error_r);
	return ret < 0 ? ret : check(settings, error_r);
}

void redis_settings_release(struct redis_settings *settings)
{
	for (size_t i = 0; i < settings->host_count; i++)
		free(settings->hosts[i].name);
	free(settings->hosts);
	option_release(options, settings);
}
