/* SPDX-License-Identifier: MIT */
#include "store/drivers/cassandra/cql_settings.h"

#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"
#include "conf/tree.h"
#include "store/drivers/cassandra/setting_value.h"

#define AT(member) offsetof(struct cql_settings, member)

static const struct setting {
	const char *connect; /* in a 2.3 connect line; NULL: not there */
	const char *block;   /* in 2.4; NULL: not there */
	cql_set_fn *set;
	size_t offset;
} table[] = {
	{"host", NULL, cql_set_host, 0},
	{NULL, "cassandra_hosts", cql_set_hosts, 0},
	{"port", "cassandra_port", cql_set_port, AT(port)},
	{"dbname", NULL, cql_set_text, AT(keyspace)},
	{"keyspace", "cassandra_keyspace", cql_set_text, AT(keyspace)},
	{"user", "cassandra_user", cql_set_text, AT(user)},
	{"password", "cassandra_password", cql_set_text, AT(password)},
	{"read_consistency", "cassandra_read_consistency", cql_set_consistency,
	 AT(read_consistency)},
	{"write_consistency", "cassandra_write_consistency", cql_set_consistency,
	 AT(write_consistency)},
	{"delete_consistency", "cassandra_delete_consistency", cql_set_nothing, 0},
	{"read_fallback_consistency", "cassandra_read_fallback_consistency", cql_set_consistency,
	 AT(read_fallback)},
	{"write_fallback_consistency", "cassandra_write_fallback_consistency", cql_set_consistency,
	 AT(write_fallback)},
	{"delete_fallback_consistency", "cassandra_delete_fallback_consistency", cql_set_nothing,
	 0},
	{"connect_timeout", "cassandra_connect_timeout", cql_set_time, AT(connect_timeout_ns)},
	{"request_timeout", "cassandra_request_timeout", cql_set_time, AT(request_timeout_ns)},
	{"warn_timeout", "cassandra_warn_timeout", cql_set_nothing, 0},
	{"heartbeat_interval", "cassandra_heartbeat_interval", cql_set_time, AT(heartbeat_ns)},
	{"idle_timeout", "cassandra_idle_timeout", cql_set_nothing, 0},
	{"execution_retry_interval", "cassandra_execution_retry_interval", cql_set_time,
	 AT(retry_interval_ns)},
	{"execution_retry_times", "cassandra_execution_retry_times", cql_set_number,
	 AT(retry_times)},
	{"num_threads", "cassandra_io_thread_count", cql_set_nothing, 0},
	{"page_size", "cassandra_page_size", cql_set_nothing, 0},
	{"version", "cassandra_protocol_version", cql_set_version, AT(version)},
	{"latency_aware_routing", "cassandra_latency_aware_routing", cql_set_nothing, 0},
	{"log_level", "cassandra_log_level", cql_set_nothing, 0},
	{"log_retries", "cassandra_log_retries", cql_set_nothing, 0},
	{"debug_queries", "cassandra_debug_queries", cql_set_nothing, 0},
	{"metrics", "cassandra_metrics_path", cql_set_nothing, 0},
	{"ttl", "cassandra_ttl", cql_set_time, AT(ttl_ns)},
	{"ssl_ca", NULL, cql_set_ca, AT(ca_file)},
	{"ssl_cert_file", NULL, cql_set_text, AT(cert_file)},
	{"ssl_private_key_file", NULL, cql_set_text, AT(key_file)},
	{"ssl_private_key_password", NULL, cql_set_text, AT(key_password)},
	{"ssl_verify", NULL, cql_set_verify, AT(verify)},
	{NULL, "ssl_client_ca_file", cql_set_text, AT(ca_file)},
	{NULL, "ssl_client_cert_file", cql_set_text, AT(cert_file)},
	{NULL, "ssl_client_key_file", cql_set_text, AT(key_file)},
	{NULL, "ssl_client_key_password", cql_set_text, AT(key_password)},
	{NULL, "cassandra_ssl", cql_set_ssl, AT(verify)},
};

#define TABLE_SIZE (sizeof(table) / sizeof(table[0]))
#define UNSET	   CQL_CONSISTENCY_COUNT

static int settings_init(struct cql_settings *settings)
{
	char ***text, **texts[] = {&settings->keyspace,	    &settings->user,
				   &settings->password,	    &settings->ca_file,
				   &settings->cert_file,    &settings->key_file,
				   &settings->key_password, NULL};

	*settings = (struct cql_settings){
		.port = 9042,
		.read_consistency = CQL_LOCAL_QUORUM,
		.write_consistency = CQL_LOCAL_QUORUM,
		.read_fallback = UNSET,
		.write_fallback = UNSET,
		.connect_timeout_ns = 5 * NS_PER_SEC,
		.request_timeout_ns = 60 * NS_PER_SEC,
		.heartbeat_ns = 30 * NS_PER_SEC,
		.version = CQL_VERSION_MAX,
		.verify = CQL_VERIFY_HOST,
	};
	for (text = texts; *text; text++) {
		**text = strdup("");
		if (!**text)
			return -ENOMEM;
	}
	return 0;
}

static bool is_serial(unsigned int consistency)
{
	return consistency == CQL_SERIAL || consistency == CQL_LOCAL_SERIAL;
}

/* What only shows when all settings are known. */
static int settings_finish(struct cql_settings *settings, const char *where, struct error *error_r)
{
	if (settings->host_count == 0)
		return error_set(error_r, EINVAL, "%s: no Cassandra host is set", where);
	if (settings->keyspace[0] == '\0')
		return error_set(error_r, EINVAL, "%s: no Cassandra keyspace is set (dbname=)",
				 where);
	if (settings->user[0] == '\0' && settings->password[0] != '\0')
		return error_set(error_r, EINVAL, "%s: a password without a user", where);
	if (is_serial(settings->write_consistency) || is_serial(settings->write_fallback))
		return error_set(error_r, EINVAL,
				 "%s: write consistency: serial and local-serial are for reads; "
				 "use quorum or local-quorum",
				 where);
	if (settings->read_fallback == UNSET)
		settings->read_fallback = settings->read_consistency;
	if (settings->write_fallback == UNSET)
		settings->write_fallback = settings->write_consistency;
	return 0;
}

static int set_word(struct cql_settings *settings, char *word, const char *where,
		    struct error *error_r)
{
	char *value = strchr(word, '=');
	size_t i;

	if (!value)
		return error_set(error_r, EINVAL, "%s: connect: \"%s\" is not name=value", where,
				 word);
	*value++ = '\0';
	for (i = 0; i < TABLE_SIZE; i++) {
		if (!table[i].connect || strcmp(table[i].connect, word) != 0)
			continue;
		if (table[i].set(settings, table[i].offset, value, error_r) == 0)
			return 0;
		return error_prefix(error_r, "%s: connect: %s=%s", where, word,
				    strstr(word, "password") ? "..." : value);
	}
	return error_set(
		error_r, EINVAL,
		"%s: connect: unknown parameter \"%s\"; host, port, dbname, user, password "
		"and those of docs/backends.md are known",
		where, word);
}

int cql_settings_parse(struct cql_settings *settings_r, const char *connect, const char *where,
		       struct error *error_r)
{
	struct cql_settings settings;
	char *words = strdup(connect), *save = NULL, *word;
	int ret = settings_init(&settings);

	if (ret < 0 || !words) {
		ret = error_set(error_r, ENOMEM, "out of memory");
		goto out;
	}
	for (word = strtok_r(words, " \t", &save); word && ret == 0;
	     word = strtok_r(NULL, " \t", &save))
		ret = set_word(&settings, word, where, error_r);
	if (ret == 0)
		ret = settings_finish(&settings, where, error_r);
out:
	free(words);
	if (ret == 0)
		*settings_r = settings;
	else
		cql_settings_release(&settings);
	return ret;
}

static const struct conf_setting *find_around(const struct conf_section *block, const char *key)
{
	const struct conf_setting *found = NULL;

	for (; block && !found; block = block->parent)
		found = conf_setting_find(block, key);
	return found;
}

/* "cassandra_hosts { a = yes }" is the long form of "cassandra_hosts = a". */
static int set_host_list(struct cql_settings *settings, const struct conf_section *block,
			 struct error *error_r)
{
	const struct conf_section *list = NULL;
	const struct conf_setting *entry;
	int ret = 0;

	for (; block && !list; block = block->parent)
		list = conf_section_find(block, "cassandra_hosts", NULL);
	for (entry = list ? list->settings : NULL; entry && ret == 0; entry = entry->next) {
		if (strcmp(entry->value, "no") != 0)
			ret = cql_set_host(settings, 0, entry->key, error_r);
	}
	return ret;
}

/* A cassandra_* word that nobody knows is a mistake; the rest belongs to others. */
static int check_names(const struct conf_section *block, struct error *error_r)
{
	const struct conf_setting *setting;
	size_t i;

	for (setting = block->settings; setting; setting = setting->next) {
		if (strncmp(setting->key, "cassandra_", strlen("cassandra_")) != 0)
			continue;
		for (i = 0; i < TABLE_SIZE; i++) {
			if (table[i].block && strcmp(table[i].block, setting->key) == 0)
				break;
		}
		if (i == TABLE_SIZE)
			return error_set(error_r, EINVAL,
					 "%s:%u: unknown setting %s; docs/backends.md lists the "
					 "cassandra_* settings",
					 setting->pos.file, setting->pos.line, setting->key);
	}
	return 0;
}

static int set_from_block(struct cql_settings *settings, const struct conf_section *block,
			  struct error *error_r)
{
	const struct conf_setting *found;
	size_t i;

	for (i = 0; i < TABLE_SIZE; i++) {
		found = table[i].block ? find_around(block, table[i].block) : NULL;
		if (found && table[i].set(settings, table[i].offset, found->value, error_r) < 0)
			return error_prefix(error_r, "%s:%u: %s", found->pos.file, found->pos.line,
					    found->key);
	}
	return set_host_list(settings, block, error_r);
}

int cql_settings_from_block(struct cql_settings *settings_r, const struct conf_section *block,
			    struct error *error_r)
{
	struct cql_settings settings;
	char where[512];
	int ret = settings_init(&settings);

	snprintf(where, sizeof(where), "%s:%u", block->pos.file, block->pos.line);
	if (ret < 0)
		ret = error_set(error_r, ENOMEM, "out of memory");
	if (ret == 0)
		ret = check_names(block, error_r);
	if (ret == 0)
		ret = set_from_block(&settings, block, error_r);
	if (ret == 0)
		ret = settings_finish(&settings, where, error_r);
	if (ret == 0)
		*settings_r = settings;
	else
		cql_settings_release(&settings);
	return ret;
}

void cql_settings_release(struct cql_settings *settings)
{
	size_t i;

	for (i = 0; i < settings->host_count; i++)
		free(settings->hosts[i]);
	if (settings->password)
		explicit_bzero(settings->password, strlen(settings->password));
	free(settings->keyspace);
	free(settings->user);
	free(settings->password);
	free(settings->ca_file);
	free(settings->cert_file);
	free(settings->key_file);
	free(settings->key_password);
	*settings = (struct cql_settings){0};
}
