/* SPDX-License-Identifier: MIT */
/*
 * Which columns of a map hold what, found by sending a key through it: a column gets the texts of
 * some of the key's parts, and these know their variables.
 *
 *	last-login/%s/%n/%d      shared/last-login/$service/$name/$domain
 *	           |  |  |                            |     |     `-- DOMAIN
 *	           |  |  `----------------------------|     `-------- USERNAME
 *	           `---------------------------------------           SERVICE
 *
 * Where no part shows it (the key was written by hand, or its parts are not known), the names of
 * variable and column decide (sql_map_role()).
 */
#ifndef DOVETAP_SQL_COLUMNS_H
#define DOVETAP_SQL_COLUMNS_H

#include "base/buf.h"
#include "store/dict.h"
#include "store/drivers/sql/map.h"

struct sql_columns {
	const struct dict_key *key;
	struct slice values[SQL_COLUMNS_MAX]; /* of the key; [0] is unset */
	/* Numbers of columns; 0: none. */
	size_t user, username, domain, service, remote_ip;
	uint32_t of_user; /* bit of each column whose text comes from the user's name and from
			   * nothing that is not known */
};

/* From the first key that this map is for; false when there is none. */
bool sql_columns_find(const struct sql_map_set *set, size_t map_index, const struct dict_key *keys,
		      size_t key_count, bool strict, struct sql_columns *columns_r);

/* The user of a row, in scratch when it has to be put together; row is in the map's order. */
struct slice sql_columns_user(const struct sql_columns *columns, const struct slice *row,
			      struct buf *scratch);

#endif
