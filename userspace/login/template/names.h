/* SPDX-License-Identifier: MIT */
/*
 * The names of each language, and the errors for those without a value.
 */
#ifndef DOVETAP_TEMPLATE_NAMES_H
#define DOVETAP_TEMPLATE_NAMES_H

#include "login/template/compile.h"

/* Finds a 2.3 variable by its short ('u') or long name. Returns 0, or refuses the template. */
int v23_find_short(struct compiler *compiler, char name, enum variable *variable_r);
int v23_find_long(struct compiler *compiler, struct slice name, enum variable *variable_r);

/* True for a Dovecot observed that is 2.3.13 or older: some names and functions are newer. */
bool v23_is_before_2_3_14(const struct compiler *compiler);

/* As above for 2.4, except that a name which Dovecot does not know either gives VARIABLE_NONE:
 * it may be a function, or be rescued by "default". */
int v24_find(struct compiler *compiler, struct slice name, enum variable *variable_r);
int v24_refuse_unknown(struct compiler *compiler, struct slice name);

#endif
