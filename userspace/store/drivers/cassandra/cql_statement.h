/* SPDX-License-Identifier: MIT */
/*
 * The INSERT of each map, and the types of its columns from the server.
 *
 *	INSERT INTO mails.last_login (last_access,service,userid,last_ip) VALUES (?,?,?,?)
 *
 * The types come with the answer to PREPARE; a column whose type cannot hold what the map gives it
 * is an error there, before the first login is written.
 */
#ifndef DOVETAP_STORE_DRIVERS_CASSANDRA_CQL_STATEMENT_H
#define DOVETAP_STORE_DRIVERS_CASSANDRA_CQL_STATEMENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "store/drivers/cassandra/response.h"
#include "store/drivers/sql/map.h"

struct cql_settings;
struct dict_entry;

struct cql_statement {
	const struct sql_map *map; /* not owned */
	const char *where;	   /* "file:line" of the map */
	char *text;

	/* Learned from the server. */
	bool known;
	uint16_t types[SQL_COLUMNS_MAX];
	uint16_t key_count; /* 0: cannot be routed by token */
	uint16_t key[CQL_KEY_MAX];
};

struct cql_statements {
	struct cql_statement *list;
	size_t count;
};

/* One INSERT per map; the maps must stay. Errors: -ENOMEM. */
int cql_statements_init(struct cql_statements *statements_r, const struct sql_map_set *maps,
			const struct cql_settings *settings, struct error *error_r);
void cql_statements_release(struct cql_statements *statements);

/* Takes over types and partition key. -EINVAL names map, column and type. */
int cql_statement_learn(struct cql_statement *statement, const struct cql_prepared *prepared,
			struct error *error_r);

/*
 * Appends the [value]s of one record: values[0] is the dict's value, the others are the columns'
 * (sql_map_match()). A timestamp column holds milliseconds: unless strict, it gets those of the
 * login at any precision of the value. token_r and routed_r are the row's place on the token ring.
 */
struct cql_row {
	const struct slice *values;
	int64_t time_ns;
	bool strict;
};

/* -EINVAL names the column that the record does not fit. */
int cql_statement_bind(const struct cql_statement *statement, const struct cql_row *row,
		       struct buf *out, bool *routed_r, int64_t *token_r, struct error *error_r);

#endif
