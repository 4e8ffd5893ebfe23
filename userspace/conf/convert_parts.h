/* SPDX-License-Identifier: MIT */
/* Inside of convert: what its files share. */
#ifndef DOVETAP_CONF_CONVERT_PARTS_H
#define DOVETAP_CONF_CONVERT_PARTS_H

#include "conf/convert.h"
#include "conf/last_login.h"

/* How a value is written in the two versions. */
enum convert_unit {
	CONVERT_TEXT,	/* the same; templates inside are translated */
	CONVERT_PLAIN,	/* the same, no templates */
	CONVERT_MSECS,	/* 2.3: digits; 2.4: "500ms" */
	CONVERT_SECS,	/* 2.3: digits; 2.4: "5s" */
	CONVERT_TIME,	/* both with a unit */
	CONVERT_IF_YES, /* 2.3: the bare word; 2.4: yes */
	CONVERT_IF_NO,	/* 2.3: the bare word; 2.4: no */
};

/* One option of a driver in both versions. */
struct convert_word {
	const char *v23, *v24;
	enum convert_unit unit;
	const char *short_v24; /* also accepted, or NULL */
};

struct convert {
	const struct convert_options *options;
	struct buf *out;
	unsigned int depth;
};

const struct convert_word *convert_word_v23(const struct convert_word *words, const char *name,
					    size_t len);
const struct convert_word *convert_word_v24(const struct convert_word *words, const char *name);

/* The value in the other version, appended to out. name and pos stand in the error. */
int convert_value(const struct convert *convert, enum convert_unit unit, const char *name,
		  const char *value, const struct conf_pos *pos, struct buf *out,
		  struct error *error_r);

/* Prints "word = value" of 2.4 for a value of 2.3. */
int convert_print_word(const struct convert *convert, const struct convert_word *word,
		       const char *value, const struct conf_pos *pos, struct error *error_r);

/* "dict DRIVER { ... }" for a 2.3 URI; "dict NAME { driver = DRIVER ... }" with a name. */
int convert_uri_to_block(struct convert *convert, const struct last_login_dict *dict,
			 const char *name, struct error *error_r);
/* Appends the URI for a 2.4 block to uri. */
int convert_block_to_uri(const struct convert *convert, const struct last_login_dict *dict,
			 struct buf *uri, struct error *error_r);

/* The settings of a 2.4 SQL driver for "connect = ..." of a 2.3 map file, and back. */
int convert_connect_to_block(struct convert *convert, const char *driver_name,
			     const struct conf_setting *connect, struct error *error_r);
int convert_block_to_connect(struct convert *convert, const char *driver_name,
			     const struct conf_section *block, struct buf *connect,
			     struct error *error_r);

/* What stands in dict_server { } for "sql = mysql:FILE"; and FILE for a block of dict_server. */
int convert_map_to_block(struct convert *convert, const struct last_login_dict *dict,
			 struct error *error_r);
int convert_block_to_map(struct convert *convert, const struct last_login_dict *dict,
			 struct error *error_r);
/* "mysql": the driver of a dict_server block, or NULL when it is not "driver = sql". */
const char *convert_sql_driver(const struct conf_section *block);

#endif
