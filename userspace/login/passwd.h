/* SPDX-License-Identifier: MIT */
/* The accounts of this machine, as far as /etc/passwd has them. */
#ifndef DOVETAP_LOGIN_PASSWD_H
#define DOVETAP_LOGIN_PASSWD_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/slice.h"

/* Whether the account of uid is called name, or name is of it at a domain. False when there is no
 * such account, or the file cannot be read. */
bool passwd_has_name(uint32_t uid, struct slice name);

/* The same in a file of passwd(5). */
bool passwd_in_file(FILE *passwd, uint32_t uid, struct slice name);

#endif
