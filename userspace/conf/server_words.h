/* SPDX-License-Identifier: MIT */
/* Misspelt and misplaced settings of the plugin in Dovecot's own file, which is not ours to check
 * beyond them. */
#ifndef DOVETAP_CONF_SERVER_WORDS_H
#define DOVETAP_CONF_SERVER_WORDS_H

#include "conf/tree.h"

/* 0, or -EINVAL with file:line, the word, and the one that would be right. */
int server_words_check(const struct conf_section *root, struct error *error_r);

/* A setting of plugin { } that stands elsewhere: -EINVAL, else 0. For our own file, too. */
int server_words_check_place(const struct conf_section *in, const struct conf_setting *setting,
			     struct error *error_r);

#endif
