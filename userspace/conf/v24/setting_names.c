/* SPDX-License-Identifier: MIT */
#include "conf/v24/setting_names.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* The first part of each name is common to its group. */
static const struct group {
	const char *prefix;
	const char *const *names;
} groups[] = {
	{"last_login_", (const char *const[]){"key", "precision", "source", NULL}},
	{"last_", (const char *const[]){"auth_key", "failure_key", NULL}},
	{"dict_",
	 (const char *const[]){"name", "driver", "file_path", "file_lock_method", "proxy_name",
			       "proxy_socket_path", "proxy_idle_timeout", "proxy_slow_warn", NULL}},
	{"redis_", (const char *const[]){"socket_path",
					 "host",
					 "port",
					 "key_prefix",
					 "password",
					 "db_id",
					 "expire",
					 "request_timeout",
					 "username",
					 "tls",
					 "tls_insecure",
					 "tls_ca_file",
					 "tls_cert_file",
					 "tls_key_file",
					 "cluster",
					 "sentinel",
					 "sentinel_username",
					 "sentinel_password",
					 "replicas",
					 NULL}},
	{"fs_", (const char *const[]){"name", "driver", "posix_lock_method", "posix_prefix",
				      "posix_mode", "posix_autodelete_empty_directories",
				      "posix_fsync", "posix_accurate_mtime", NULL}},
	{"sql_", (const char *const[]){"driver", NULL}},
	{"mysql_", (const char *const[]){"host",
					 "port",
					 "user",
					 "password",
					 "dbname",
					 "ssl",
					 "ssl_ca",
					 "ssl_ca_path",
					 "ssl_cert",
					 "ssl_key",
					 "ssl_cipher",
					 "ssl_verify_server_cert",
					 "option_file",
					 "option_group",
					 "client_flags",
					 "connect_timeout",
					 "read_timeout",
					 "write_timeout",
					 "connection_limit",
					 NULL}},
	{"pgsql_", (const char *const[]){"host", "connection_limit", NULL}},
	{"sqlite_", (const char *const[]){"path", "journal_mode", "readonly", NULL}},
	{"cassandra_", (const char *const[]){"port",
					     "keyspace",
					     "user",
					     "password",
					     "metrics_path",
					     "log_level",
					     "debug_queries",
					     "log_retries",
					     "latency_aware_routing",
					     "read_consistency",
					     "write_consistency",
					     "delete_consistency",
					     "read_fallback_consistency",
					     "write_fallback_consistency",
					     "delete_fallback_consistency",
					     "connect_timeout",
					     "request_timeout",
					     "warn_timeout",
					     "protocol_version",
					     "io_thread_count",
					     "heartbeat_interval",
					     "idle_timeout",
					     "execution_retry_interval",
					     "execution_retry_times",
					     "page_size",
					     "ssl",
					     "ttl",
					     NULL}},
	{"dict_map_",
	 (const char *const[]){"pattern", "sql_table", "username_field", "expire_field", NULL}},
	{"dict_map_key_field_", (const char *const[]){"name", "value", "type", NULL}},
	{"dict_map_value_field_", (const char *const[]){"name", "type", NULL}},
	{"ssl_client_", (const char *const[]){"ca_file", "ca_dir", "cert_file", "key_file",
					      "key_password", "require_valid_cert", NULL}},
};

static const struct block {
	const char *type;
	enum v24_kind kind;
	const char *name; /* see v24_entry_name() */
} blocks[] = {
	{"last_login", V24_NAMED, NULL},
	{"dict_server", V24_NAMED, NULL},
	{"cassandra", V24_NAMED, NULL},
	{"ssl_client", V24_NAMED, NULL},
	{"dict", V24_ENTRIES, "dict_name"},
	{"mysql", V24_ENTRIES, "mysql_host"},
	{"pgsql", V24_ENTRIES, "pgsql_host"},
	{"fs", V24_ENTRIES, "fs_name"},
	{"dict_map", V24_ENTRIES, "dict_map_pattern"},
	{"dict_map_key_field", V24_ENTRIES, "dict_map_key_field_name"},
	{"dict_map_value_field", V24_ENTRIES, "dict_map_value_field_name"},
	{"mail_plugins", V24_LIST, NULL},
	{"pgsql_parameters", V24_LIST, NULL},
	{"cassandra_hosts", V24_LIST, NULL},
	{"last_login_dict_fields", V24_LIST, NULL},
};

static const struct block *find_block(const char *type)
{
	for (size_t i = 0; i < sizeof(blocks) / sizeof(blocks[0]); i++) {
		if (strcmp(blocks[i].type, type) == 0)
			return &blocks[i];
	}
	return NULL;
}

static bool in_group(const struct group *group, const char *name)
{
	size_t len = strlen(group->prefix);
	const char *const *known = group->names;

	if (strncmp(group->prefix, name, len) != 0)
		return false;
	while (*known && strcmp(*known, name + len) != 0)
		known++;
	return *known != NULL;
}

enum v24_kind v24_kind(const char *name)
{
	const struct block *block = find_block(name);

	if (block)
		return block->kind;
	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
		if (in_group(&groups[i], name))
			return V24_SETTING;
	}
	return V24_UNKNOWN;
}

const char *v24_entry_name(const char *type)
{
	const struct block *block = find_block(type);

	return block ? block->name : NULL;
}

/* A setting, a list or an entry; Dovecot lets no name of a V24_NAMED be shortened. */
static bool can_be_short(const char *name)
{
	enum v24_kind kind = v24_kind(name);

	return kind != V24_UNKNOWN && kind != V24_NAMED;
}

const char *v24_full_name(const char *type, const char *name, const char *word, char *out,
			  size_t size)
{
	int len;

	if (*name != '\0') {
		len = snprintf(out, size, "%s_%s_%s", type, name, word);
		if (len > 0 && (size_t)len < size && can_be_short(out))
			return out;
	}
	len = snprintf(out, size, "%s_%s", type, word);
	return len > 0 && (size_t)len < size && can_be_short(out) ? out : word;
}
