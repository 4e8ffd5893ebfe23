/* SPDX-License-Identifier: MIT */
/* Reads what the maps' tables know about a user, or about all: one prepared SELECT per map. */
#ifndef DOVETAP_CQL_LOOKUP_H
#define DOVETAP_CQL_LOOKUP_H

#include <stdint.h>

#include "store/dict.h"
#include "store/drivers/cassandra/cql_cluster.h"
#include "store/drivers/sql/map.h"

/* As dict_driver.lookup. A map without a column for the user, or whose table is not partitioned by
 * it, is -EOPNOTSUPP. */
int cql_lookup(struct cql_cluster *cluster, const struct sql_map_set *maps, struct slice user,
	       int64_t deadline_ns, dict_record_cb *cb, void *context, struct error *error_r);

/* As dict_driver.search and dict_driver.list; a listing reads the tables page by page. */
int cql_search(struct cql_cluster *cluster, const struct sql_map_set *maps,
	       const struct dict_key *keys, size_t key_count, int64_t deadline_ns,
	       dict_record_cb *cb, void *context, struct error *error_r);
/* As the dict's slot: rows with a write timestamp behind until_ns stay. */
int cql_remove(struct cql_cluster *cluster, const struct sql_map_set *maps,
	       const struct dict_removal *what, int64_t deadline_ns, struct error *error_r);

/* Whether any of the maps' tables that the keys lead to has a row: 1 or 0. */
int cql_any(struct cql_cluster *cluster, const struct sql_map_set *maps,
	    const struct dict_key *keys, size_t key_count, int64_t deadline_ns,
	    struct error *error_r);

int64_t cql_list(struct cql_cluster *cluster, const struct sql_map_set *maps,
		 const struct dict_listing *listing, int64_t idle_ns, dict_record_cb *cb,
		 void *context, struct error *error_r);

#endif
