/* SPDX-License-Identifier: MIT */
/*
 * "proxy:[idle_msecs=N:][warn_slow_msecs=N:][SOCKET]:NAME": a dict of Dovecot's dict server.
 *
 * Which major the server speaks follows from the Dovecot that was found, else it is tried. Records
 * go out one by one, as the plugin's do, until the server has shown that it is Dovecot's; then a
 * batch is pipelined. idle_msecs= keeps the connection (a process of the server's) that long; by
 * default it is closed behind each transaction or batch. warn_slow_msecs= is accepted and unused:
 * the metrics show how long writes take.
 *
 * Times are compared by a lookup of the same key, where the server is Dovecot's. That is as good as
 * the server's own dict: a map whose rows lack a part of the key is overwritten in the order of
 * arrival. To Cassandra each write carries the login's time as its timestamp, so there the newest
 * wins.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "store/drivers/drivers.h"
#include "store/drivers/proxy/proxy_private.h"
#include "store/option.h"

#define BUFFER_MAX   (64UL << 20)
#define DEFAULT_BASE "/run/dovecot"
#define PING_NS	     (NS_PER_SEC / 2) /* to see whether a greeting is taken */

#define AT(field) offsetof(struct proxy_settings, field)

static const struct option options[] = {
	{NULL, "dict_proxy_socket_path", OPTION_STRING, AT(socket), .fallback = ""},
	{NULL, "socket_path", OPTION_STRING, AT(socket), .fallback = NULL},
	{NULL, "dict_proxy_name", OPTION_STRING, AT(name), .fallback = ""},
	{NULL, "name", OPTION_STRING, AT(name), .fallback = NULL},
	{"idle_msecs", "dict_proxy_idle_timeout", OPTION_MSECS, AT(idle_msecs), .max = INT32_MAX,
	 .invalid = "Invalid idle_msecs", .expected = "milliseconds"},
	{NULL, "idle_timeout", OPTION_MSECS, AT(idle_msecs), .max = INT32_MAX},
	{"warn_slow_msecs", "dict_proxy_slow_warn", OPTION_MSECS, AT(warn_slow_msecs),
	 .max = INT32_MAX, .fallback = "5000", .invalid = "Invalid warn_slow_msecs",
	 .expected = "milliseconds"},
	{NULL, "slow_warn", OPTION_MSECS, AT(warn_slow_msecs), .max = INT32_MAX},
	{0},
};

/* --- settings ------------------------------------------------------------------------------ */

/* Takes "idle_msecs=N:" and the like off the front of *rest. */
static int read_options(struct proxy *proxy, const char **rest, struct error *error_r)
{
	int ret = 0;

	while (ret == 0 && (strncmp(*rest, "idle_msecs=", 11) == 0 ||
			    strncmp(*rest, "warn_slow_msecs=", 16) == 0)) {
		size_t len = strcspn(*rest, ":");
		char *one = strndup(*rest, len);

		if (!one)
			return error_set(error_r, ENOMEM, "out of memory");
		ret = option_from_uri(options, &proxy->settings, one, true, error_r);
		free(one);
		*rest += len + ((*rest)[len] == ':');
	}
	return ret;
}

static int read_uri(struct proxy *proxy, const char *rest, struct error *error_r)
{
	struct proxy_settings *settings = &proxy->settings;
	int ret = read_options(proxy, &rest, error_r);
	const char *colon = strchr(rest, ':');

	if (ret < 0)
		return ret;
	if (!colon)
		return error_set(error_r, EINVAL,
				 "Invalid URI: %s (expected SOCKET:NAME, or :NAME for the default)",
				 rest);
	free(settings->socket);
	free(settings->name);
	settings->socket = strndup(rest, (size_t)(colon - rest));
	settings->name = strdup(colon + 1);
	return settings->socket && settings->name ? 0 : error_set(error_r, ENOMEM, "out of memory");
}

/* Relative to base_dir, Dovecot makes these two. */
static bool is_dovecots_own(const char *socket)
{
	return socket[0] == '\0' || strcmp(socket, "dict") == 0 ||
	       strcmp(socket, "dict-async") == 0;
}

static int make_path(struct proxy *proxy, const char *base_dir, struct error *error_r)
{
	const char *socket = proxy->settings.socket;

	if (socket[0] == '/')
		proxy->path = strdup(socket);
	else if (asprintf(&proxy->path, "%s/%s", base_dir ? base_dir : DEFAULT_BASE,
			  socket[0] ? socket : "dict") < 0)
		proxy->path = NULL;
	proxy->target.path = proxy->path;
	proxy->own = proxy->dovecots = is_dovecots_own(socket);
	return proxy->path ? 0 : error_set(error_r, ENOMEM, "out of memory");
}

/* "2.3.16" and older speak 2, "2.3.17" and on 3, "2.4" and on 4; 0 when unknown. */
static unsigned int major_of(const char *version)
{
	unsigned int major, minor, patch = 0;

	if (!version || sscanf(version, "%u.%u.%u", &major, &minor, &patch) < 2 || major != 2)
		return 0;
	if (minor >= 4)
		return 4;
	return minor == 3 && patch >= 17 ? 3 : 2;
}

static void proxy_close(struct dict *dict)
{
	struct proxy *proxy = (struct proxy *)dict;

	stream_close(&proxy->stream);
	buf_release(&proxy->out);
	buf_release(&proxy->in);
	option_release(options, &proxy->settings);
	free(proxy->path);
	free(proxy);
}

static int proxy_open(const struct dict_config *config, struct dict **dict_r, struct error *error_r)
{
	struct proxy *proxy = calloc(1, sizeof(*proxy));
	int ret;

	if (!proxy)
		return error_set(error_r, ENOMEM, "out of memory");
	proxy->stream = (struct stream)STREAM_INIT;
	buf_init(&proxy->out, BUFFER_MAX);
	buf_init(&proxy->in, BUFFER_MAX);
	proxy->major = major_of(config->dovecot_version);
	ret = option_defaults(options, &proxy->settings, error_r);
	if (ret == 0 && config->block)
		ret = option_from_block(options, &proxy->settings, config->block, error_r);
	else if (ret == 0)
		ret = read_uri(proxy, strchr(config->uri, ':') + 1, error_r);
	if (ret == 0)
		ret = make_path(proxy, config->base_dir, error_r);
	if (ret < 0)
		proxy_close(&proxy->dict);
	else
		*dict_r = &proxy->dict;
	return ret;
}

static int proxy_ping(struct dict *dict, int64_t deadline_ns, struct error *error_r)
{
	struct proxy *proxy = (struct proxy *)dict;

	return proxy_find_major(proxy, PING_NS, deadline_ns, error_r);
}

const struct dict_driver proxy_driver = {
	.name = "proxy",
	.caps = DICT_CAP_COMPARES | DICT_CAP_COLUMNS, /* of the tables behind it */
	.open = proxy_open,
	.write = proxy_write,
	.lookup = proxy_lookup,
	.unset = proxy_unset,
	.ping = proxy_ping,
	.close = proxy_close,
};
