/* SPDX-License-Identifier: MIT */
/* A login that outlives the record which it was decoded from. */
#ifndef DOVETAP_LOGIN_LOGIN_COPY_H
#define DOVETAP_LOGIN_LOGIN_COPY_H

#include "login/login.h"

/* A copy with its texts in one block for free(3), or NULL. */
struct login *login_copy(const struct login *login);

/* Bytes that the copy takes. */
size_t login_copy_size(const struct login *login);

#endif
