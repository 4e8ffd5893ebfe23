/* SPDX-License-Identifier: MIT */
/* Inside of convert: the words of connect strings and the settings that 2.4 has for them. */
#ifndef DOVETAP_CONF_CONVERT_CONNECT_H
#define DOVETAP_CONF_CONVERT_CONNECT_H

#include "conf/convert_parts.h"

extern const struct convert_word convert_server_words[]; /* stand in the block of each server */
extern const struct convert_word convert_mysql_words[];
extern const struct convert_word convert_pgsql_words[];
extern const struct convert_word convert_cassandra_words[];

/* Says that there is no such SQL driver; returns -EINVAL. */
int convert_unknown_driver(const char *driver, const struct conf_pos *pos, struct error *error_r);

#endif
