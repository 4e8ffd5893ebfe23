/* SPDX-License-Identifier: MIT */
/* Settings of a connection: the words of "connect" (2.3), and the blocks of 2.4. */
#ifndef DOVETAP_SQL_WORDS_H
#define DOVETAP_SQL_WORDS_H

#include <stdbool.h>

#include "base/error.h"
#include "base/slice.h"

struct conf_section;
struct conf_setting;

/* Cuts the next "key=value" off a list that is separated by blanks, without quoting, as Dovecot
 * does. A word without "=" has a value with a NULL ptr. False at the end. */
bool sql_words_next(const char **list, struct slice *key_r, struct slice *value_r);

/*
 * A setting of a 2.4 filter such as "mysql host { }": by its short name ("port") in the filter, by
 * its long one ("mysql_port") there and in the blocks around it. NULL when there is none.
 */
const struct conf_setting *sql_words_find(const struct conf_section *filter, const char *prefix,
					  const char *name);

/* The filter list (all "mysql host { }" of one block) that holds for the block: its own or the
 * nearest around it. Returns the first; conf_section_next() goes on. */
const struct conf_section *sql_words_filter(const struct conf_section *block, const char *type);

/* "5" seconds, as in a connect string, or a time with its unit (conf/dovecot_value.h), in
 * milliseconds; false for anything else. */
bool sql_words_time(const char *text, unsigned int *msecs_r);

#endif
