/* SPDX-License-Identifier: MIT */
/*
 * Every code of an ERROR message (native_protocol_v4.spec, section 9, and the two that version 5
 * adds), with what it means for a write. Writing a login again is always harmless, so the only
 * questions are whether trying again can help, and where.
 */
#ifndef DOVETAP_CQL_ERROR_CODE_H
#define DOVETAP_CQL_ERROR_CODE_H

#include <stdint.h>

#include "base/buf.h"
#include "store/dict.h"
#include "store/drivers/cassandra/response.h"

enum cql_error_code {
	CQL_E_SERVER = 0x0000,
	CQL_E_PROTOCOL = 0x000a,
	CQL_E_CREDENTIALS = 0x0100,
	CQL_E_UNAVAILABLE = 0x1000,
	CQL_E_OVERLOADED = 0x1001,
	CQL_E_BOOTSTRAPPING = 0x1002,
	CQL_E_TRUNCATE = 0x1003,
	CQL_E_WRITE_TIMEOUT = 0x1100,
	CQL_E_READ_TIMEOUT = 0x1200,
	CQL_E_READ_FAILURE = 0x1300,
	CQL_E_FUNCTION_FAILURE = 0x1400,
	CQL_E_WRITE_FAILURE = 0x1500,
	CQL_E_CDC_WRITE_FAILURE = 0x1600,
	CQL_E_CAS_WRITE_UNKNOWN = 0x1700,
	CQL_E_SYNTAX = 0x2000,
	CQL_E_UNAUTHORIZED = 0x2100,
	CQL_E_INVALID = 0x2200,
	CQL_E_CONFIG = 0x2300,
	CQL_E_ALREADY_EXISTS = 0x2400,
	CQL_E_UNPREPARED = 0x2500,
};

/* What a write does next, once. */
enum cql_retry {
	CQL_RETRY_NEVER,
	CQL_RETRY_NEXT_NODE, /* this node is at fault */
	CQL_RETRY_FALLBACK,  /* the replicas are: with the fallback consistency */
	CQL_RETRY_PREPARE,   /* on the same node, once it knows the statement again */
};

struct cql_error_rule {
	int32_t code;
	const char *name;
	enum cql_retry retry;
	enum dict_outcome outcome; /* when it was the last try */
};

/* Never NULL: an unknown code is treated like a server error. */
const struct cql_error_rule *cql_error_rule(int32_t code);

/* "write_timeout: 1 of 2 replicas answered at local-quorum (Operation timed out...)" */
void cql_error_describe(const struct cql_server_error *error, char *text, size_t size);

#endif
