/* SPDX-License-Identifier: MIT */
/*
 * What two records of one login show of both layouts: a mail user and the authentication of its
 * session were read from two structs in two processes, so that what both have is true. Pure.
 */
#ifndef DOVETAP_PROOF_AGREEMENT_H
#define DOVETAP_PROOF_AGREEMENT_H

#include <stdbool.h>

#include "login/login.h"
#include "proof/member.h"

/* PROOF_BIT of members. */
struct agreement {
	uint32_t agrees;
	/* They differ, and this record is to blame; where that is not known, both are. */
	uint32_t user_wrong, auth_wrong;
};

/* user has the type MAIL_USER, and auth is the only authentication of its session. */
struct agreement agreement_of(const struct login *user, const struct login *auth);

/* One login by which both layouts are proved: name and address agree, and nothing differs. */
bool agreement_proves(const struct login *user, struct agreement agreement);

/* The names differ and nothing else: so it is where the userdb gives a user another name. */
bool agreement_renames(struct agreement agreement);

#endif
