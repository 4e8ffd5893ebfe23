/* SPDX-License-Identifier: MIT */
/* What compiling a map has in common for the two syntaxes: map_file.c (2.3), map_block.c (2.4). */
#ifndef DOVETAP_SQL_MAP_BUILD_H
#define DOVETAP_SQL_MAP_BUILD_H

#include <errno.h>

#include "conf/tree.h"
#include "store/drivers/sql/map.h"

/* A column of "fields { }" or "key_field", before the pattern gives its place. */
struct map_field {
	const char *column;
	struct slice variable;
	enum sql_type type;
	const struct conf_pos *pos;
	bool used;
};

struct map_fields {
	struct map_field list[SQL_COLUMNS_MAX];
	size_t count;
};

#define map_fail(pos, error_r, fmt, ...)                                                           \
	error_set(error_r, EINVAL, "%s:%u: " fmt, (pos)->file, (pos)->line, ##__VA_ARGS__)

/* All return 0, or a negative errno with error_r set. */
int map_set_where(struct sql_map *map, const struct conf_pos *pos, struct error *error_r);
int map_set_table(struct sql_map *map, const struct conf_setting *table, struct error *error_r);

/* The value's column; only the first one counts. */
int map_set_value(struct sql_map *map, struct slice name, enum sql_type type,
		  const struct conf_pos *pos, struct error *error_r);

int map_add_field(struct map_fields *fields, const struct map_field *field, struct error *error_r);

/* Last: finds a field for each variable of the pattern and puts the columns in their order. */
int map_set_pattern(struct sql_map *map, const char *pattern, struct map_fields *fields,
		    const struct conf_pos *pos, struct error *error_r);

/* Reads what stands behind the "$" of a field: "user", "{user}", "{uint:user}". */
void map_read_variable(const char *value, struct map_field *field);

/* Finds the type by name; last is the last of those that the syntax knows. */
bool map_find_type(struct slice name, enum sql_type last, enum sql_type *type_r);

typedef int map_load_fn(struct sql_map *map, const struct conf_section *section,
			struct error *error_r);

/* Loads every section of that type. */
int map_load_all(struct sql_map_set *set_r, const struct conf_section *parent, const char *type,
		 map_load_fn *load, struct error *error_r);

#endif
