/* SPDX-License-Identifier: MIT */
#include "conf/convert_connect.h"

#include <errno.h>

const struct convert_word convert_server_words[] = {
	{"port", "port", CONVERT_PLAIN, "mysql_port"},
	{"user", "user", CONVERT_PLAIN, "mysql_user"},
	{"password", "password", CONVERT_PLAIN, "mysql_password"},
	{"dbname", "dbname", CONVERT_PLAIN, "mysql_dbname"},
	{0},
};

const struct convert_word convert_mysql_words[] = {
	{"maxconns", "mysql_connection_limit", CONVERT_PLAIN, NULL},
	{"client_flags", "mysql_client_flags", CONVERT_PLAIN, NULL},
	{"connect_timeout", "mysql_connect_timeout", CONVERT_SECS, NULL},
	{"read_timeout", "mysql_read_timeout", CONVERT_SECS, NULL},
	{"write_timeout", "mysql_write_timeout", CONVERT_SECS, NULL},
	{"option_file", "mysql_option_file", CONVERT_PLAIN, NULL},
	{"option_group", "mysql_option_group", CONVERT_PLAIN, NULL},
	{"ssl_ca", "ssl_client_ca_file", CONVERT_PLAIN, NULL},
	{"ssl_ca_path", "ssl_client_ca_dir", CONVERT_PLAIN, NULL},
	{"ssl_cert", "ssl_client_cert_file", CONVERT_PLAIN, NULL},
	{"ssl_key", "ssl_client_key_file", CONVERT_PLAIN, NULL},
	{"ssl_cipher", "ssl_cipher_list", CONVERT_PLAIN, NULL},
	{"ssl_verify_server_cert", "ssl_client_require_valid_cert", CONVERT_PLAIN, NULL},
	{0},
};

const struct convert_word convert_pgsql_words[] = {
	{"maxconns", "pgsql_connection_limit", CONVERT_PLAIN, NULL},
	{0},
};

const struct convert_word convert_cassandra_words[] = {
	{"port", "cassandra_port", CONVERT_PLAIN, NULL},
	{"dbname", "cassandra_keyspace", CONVERT_PLAIN, NULL},
	{"keyspace", "cassandra_keyspace", CONVERT_PLAIN, NULL},
	{"user", "cassandra_user", CONVERT_PLAIN, NULL},
	{"password", "cassandra_password", CONVERT_PLAIN, NULL},
	{"read_consistency", "cassandra_read_consistency", CONVERT_PLAIN, NULL},
	{"write_consistency", "cassandra_write_consistency", CONVERT_PLAIN, NULL},
	{"delete_consistency", "cassandra_delete_consistency", CONVERT_PLAIN, NULL},
	{"read_fallback_consistency", "cassandra_read_fallback_consistency", CONVERT_PLAIN, NULL},
	{"write_fallback_consistency", "cassandra_write_fallback_consistency", CONVERT_PLAIN, NULL},
	{"delete_fallback_consistency", "cassandra_delete_fallback_consistency", CONVERT_PLAIN,
	 NULL},
	{"connect_timeout", "cassandra_connect_timeout", CONVERT_TIME, NULL},
	{"request_timeout", "cassandra_request_timeout", CONVERT_TIME, NULL},
	{"warn_timeout", "cassandra_warn_timeout", CONVERT_TIME, NULL},
	{"heartbeat_interval", "cassandra_heartbeat_interval", CONVERT_TIME, NULL},
	{"idle_timeout", "cassandra_idle_timeout", CONVERT_TIME, NULL},
	{"execution_retry_interval", "cassandra_execution_retry_interval", CONVERT_TIME, NULL},
	{"execution_retry_times", "cassandra_execution_retry_times", CONVERT_PLAIN, NULL},
	{"num_threads", "cassandra_io_thread_count", CONVERT_PLAIN, NULL},
	{"page_size", "cassandra_page_size", CONVERT_PLAIN, NULL},
	{"version", "cassandra_protocol_version", CONVERT_PLAIN, NULL},
	{"latency_aware_routing", "cassandra_latency_aware_routing", CONVERT_PLAIN, NULL},
	{"log_level", "cassandra_log_level", CONVERT_PLAIN, NULL},
	{"debug_queries", "cassandra_debug_queries", CONVERT_PLAIN, NULL},
	{"metrics", "cassandra_metrics_path", CONVERT_PLAIN, NULL},
	{0},
};

int convert_unknown_driver(const char *driver, const struct conf_pos *pos, struct error *error_r)
{
	return conf_error(pos, error_r, EINVAL,
			  "the SQL driver \"%s\" is unknown; mysql, pgsql, sqlite or cassandra "
			  "would be right",
			  driver);
}
