/* SPDX-License-Identifier: MIT */
/*
 * One setting's text into its place in struct cql_settings. Each returns 0, -ENOMEM, or -EINVAL
 * with what would have been right; settings.c puts file, line and name in front.
 */
#ifndef DOVETAP_CQL_SETTING_VALUE_H
#define DOVETAP_CQL_SETTING_VALUE_H

#include <stddef.h>

#include "base/error.h"
#include "store/drivers/cassandra/cql_settings.h"

/* offset is that of the member, whose type is in the name. */
typedef int cql_set_fn(struct cql_settings *settings, size_t offset, const char *value,
		       struct error *error_r);

cql_set_fn cql_set_text;	/* char * */
cql_set_fn cql_set_ca;		/* the same, and switches TLS on */
cql_set_fn cql_set_host;	/* one more of the hosts; offset is not used */
cql_set_fn cql_set_hosts;	/* several, separated by blanks */
cql_set_fn cql_set_number;	/* unsigned int */
cql_set_fn cql_set_port;	/* unsigned int */
cql_set_fn cql_set_version;	/* unsigned int */
cql_set_fn cql_set_consistency; /* unsigned int */
cql_set_fn cql_set_verify;	/* unsigned int; switches TLS on */
cql_set_fn cql_set_ssl;		/* the same; "no" switches it off */
cql_set_fn cql_set_time;	/* int64_t, nanoseconds */
cql_set_fn cql_set_nothing;	/* for what we do not have: threads, log, metrics, deletes */

#endif
