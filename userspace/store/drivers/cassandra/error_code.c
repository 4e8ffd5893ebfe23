/* SPDX-License-Identifier: MIT */
#include "store/drivers/cassandra/error_code.h"

#include <stdio.h>

/*
 * Unauthorized and config_error can be mended by the operator, so the records wait. What is wrong
 * with a statement shows when it is prepared; invalid at execution is about the values.
 */
static const struct cql_error_rule rules[] = {
	{CQL_E_SERVER, "server_error", CQL_RETRY_NEXT_NODE, DICT_UNCERTAIN},
	{CQL_E_PROTOCOL, "protocol_error", CQL_RETRY_NEXT_NODE, DICT_RETRY},
	{CQL_E_CREDENTIALS, "bad_credentials", CQL_RETRY_NEVER, DICT_RETRY},
	{CQL_E_UNAVAILABLE, "unavailable", CQL_RETRY_FALLBACK, DICT_RETRY},
	{CQL_E_OVERLOADED, "overloaded", CQL_RETRY_FALLBACK, DICT_RETRY},
	{CQL_E_BOOTSTRAPPING, "is_bootstrapping", CQL_RETRY_NEXT_NODE, DICT_RETRY},
	{CQL_E_TRUNCATE, "truncate_error", CQL_RETRY_NEVER, DICT_RETRY},
	{CQL_E_WRITE_TIMEOUT, "write_timeout", CQL_RETRY_FALLBACK, DICT_UNCERTAIN},
	{CQL_E_READ_TIMEOUT, "read_timeout", CQL_RETRY_FALLBACK, DICT_RETRY},
	{CQL_E_READ_FAILURE, "read_failure", CQL_RETRY_NEVER, DICT_RETRY},
	{CQL_E_FUNCTION_FAILURE, "function_failure", CQL_RETRY_NEVER, DICT_REFUSED},
	{CQL_E_WRITE_FAILURE, "write_failure", CQL_RETRY_NEXT_NODE, DICT_UNCERTAIN},
	{CQL_E_CDC_WRITE_FAILURE, "cdc_write_failure", CQL_RETRY_NEVER, DICT_UNCERTAIN},
	{CQL_E_CAS_WRITE_UNKNOWN, "cas_write_unknown", CQL_RETRY_NEVER, DICT_UNCERTAIN},
	{CQL_E_SYNTAX, "syntax_error", CQL_RETRY_NEVER, DICT_REFUSED},
	{CQL_E_UNAUTHORIZED, "unauthorized", CQL_RETRY_NEVER, DICT_RETRY},
	{CQL_E_INVALID, "invalid", CQL_RETRY_NEVER, DICT_REFUSED},
	{CQL_E_CONFIG, "config_error", CQL_RETRY_NEVER, DICT_RETRY},
	{CQL_E_ALREADY_EXISTS, "already_exists", CQL_RETRY_NEVER, DICT_REFUSED},
	{CQL_E_UNPREPARED, "unprepared", CQL_RETRY_PREPARE, DICT_RETRY},
};

static const struct cql_error_rule unknown = {-1, "unknown error", CQL_RETRY_NEXT_NODE,
					      DICT_UNCERTAIN};

const struct cql_error_rule *cql_error_rule(int32_t code)
{
	size_t i;

	for (i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		if (rules[i].code == code)
			return &rules[i];
	}
	return &unknown;
}

void cql_error_describe(const struct cql_server_error *error, char *text, size_t size)
{
	const struct cql_error_rule *rule = cql_error_rule(error->code);
	int len = error->message.len > 300 ? 300 : (int)error->message.len;

	if (error->required > 0)
		snprintf(text, size, "%s: %d of %d replicas at %s (%.*s)", rule->name,
			 error->received, error->required, cql_consistency_name(error->consistency),
			 len, error->message.ptr);
	else
		snprintf(text, size, "%s: %.*s", rule->name, len,
			 len > 0 ? error->message.ptr : "");
}
