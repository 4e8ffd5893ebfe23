/* SPDX-License-Identifier: MIT */
/*
 * What one record shows of its layout by itself: texts and numbers that cannot be what they
 * should be. Pure.
 *
 * Nothing that a client chooses counts as bad: a name can have any byte.
 */
#ifndef DOVETAP_PROOF_FORM_H
#define DOVETAP_PROOF_FORM_H

#include <stdbool.h>

#include "login/login.h"
#include "proof/member.h"

struct form {
	uint32_t good; /* PROOF_BIT of members that are what they should be, beyond chance */
	uint32_t bad;  /* and of those that cannot be */
};

struct form form_of(const struct login *login);

/* A whole record that can be believed without another: nothing is bad, and all is good that a
 * record of its type has to have. */
bool form_is_whole(const struct login *login, struct form form);

/* Equal but for upper and lower case (ASCII), which auth_username_format may change. */
bool form_alike(struct slice a, struct slice b);

#endif
