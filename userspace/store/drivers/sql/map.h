/* SPDX-License-Identifier: MIT */
/*
 * Which table and columns a key goes to: the "map { }" of a 2.3 map file and the "dict_map { }" of
 * 2.4, compiled.
 *
 *	map {                                                     key
 *	  pattern = shared/last-login/$service/$user/$remote_ip   shared/last-login/imap/a@b/::1
 *	  table = last_login
 *	  value_field = last_access    -> columns[0]              value
 *	  value_type = uint
 *	  fields {
 *	    userid = $user             -> columns[2]              a@b
 *	    service = $service         -> columns[1]              imap
 *	    last_ip = $remote_ip       -> columns[3]              ::1
 *	  }
 *	}
 *
 * The columns stand in the order in which Dovecot writes them: the value, then the variables as
 * they occur in the pattern. Only the first column of a value_field list is ever written.
 *
 * How a key is matched: literal text must be equal; a variable takes everything up to the next
 * "/", the last one takes the rest. In strict mode that is all, as in Dovecot: a "/" inside a user
 * name shifts the columns behind it, and a last variable that would be empty does not match. By
 * default a "/" inside a key part (key_part.h) is not a separator, for literals neither, so it can
 * shift nothing; and the last variable may be empty where an empty key part other than the user's
 * stands, as the address of a delivery has none.
 */
#ifndef DOVETAP_SQL_MAP_H
#define DOVETAP_SQL_MAP_H

#include "base/error.h"
#include "base/key_part.h"
#include "store/drivers/sql/sql_value.h"

struct conf_section;

#define SQL_COLUMNS_MAX 16

struct sql_column {
	char *name;	/* as the operator wrote it, proven to be a name (dialect.h) */
	char *variable; /* of the pattern, without "$"; NULL for the value */
	enum sql_type type;
};

struct sql_map {
	char *pattern; /* without the names of the variables: "shared/last-login/$/$/$" */
	char *table;
	struct sql_column columns[SQL_COLUMNS_MAX];
	size_t column_count;
	char *service;	 /* the service of a lookup when no column has it: the literal "imap" of
			* shared/last-login/imap/$user; or NULL */
	char *where;	 /* "file:line" */
	const char *key; /* of a history: the columns of its primary key, for error texts */
};

/* All maps of one dict; they are tried in order, the first match wins. */
struct sql_map_set {
	struct sql_map *maps;
	size_t count;
};

/*
 * Both compile every map of the section: the root of a 2.3 map file, or the "dict x { }" of 2.4.
 * Errors: -EINVAL with "file:line: ..." in Dovecot's words, -ENOMEM.
 */
int sql_map_set_load_file(struct sql_map_set *set_r, const struct conf_section *root,
			  struct error *error_r);
int sql_map_set_load_block(struct sql_map_set *set_r, const struct conf_section *dict,
			   struct error *error_r);
void sql_map_set_release(struct sql_map_set *set); /* takes NULL */

/* A key and the pieces that came from variables. */
struct sql_key {
	struct slice text;
	const struct key_part *parts;
	size_t part_count;
};

/* Sets values_r[1] ... values_r[column_count - 1], which point into the key, and leaves
 * values_r[0] alone. */
bool sql_map_match(const struct sql_map *map, const struct sql_key *key, bool strict,
		   struct slice values_r[SQL_COLUMNS_MAX]);

/* The first map that matches, or NULL. */
const struct sql_map *sql_map_set_find(const struct sql_map_set *set, const struct sql_key *key,
				       bool strict, struct slice values_r[SQL_COLUMNS_MAX]);

/* The column with the time of the login as text, found by the names of variable and column; 0 when
 * there is none. */
enum sql_role { SQL_ROLE_USER, SQL_ROLE_SERVICE, SQL_ROLE_REMOTE_IP, SQL_ROLE_COUNT };
size_t sql_map_role(const struct sql_map *map, enum sql_role role);

#endif
