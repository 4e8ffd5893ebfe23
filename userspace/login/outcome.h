/* SPDX-License-Identifier: MIT */
/*
 * How an authentication ended, in Dovecot's words: those of its passdb results and of the codes
 * that its auth server gives to clients.
 */
#ifndef DOVETAP_OUTCOME_H
#define DOVETAP_OUTCOME_H

#include "login/login.h"

enum login_outcome {
	LOGIN_OUTCOME_UNKNOWN, /* there is no auth record */
	LOGIN_OUTCOME_OK,
	LOGIN_OUTCOME_PASSWORD_MISMATCH,
	LOGIN_OUTCOME_USER_UNKNOWN, /* also from a network that allow_nets does not have */
	LOGIN_OUTCOME_USER_DISABLED,
	LOGIN_OUTCOME_PASS_EXPIRED,
	LOGIN_OUTCOME_SCHEME_NOT_AVAILABLE, /* stored in a way that does not fit the mechanism */
	LOGIN_OUTCOME_POLICY_REFUSAL,	    /* the policy server refused it */
	LOGIN_OUTCOME_INTERNAL_FAILURE,	    /* a passdb that does not answer */
	LOGIN_OUTCOME_AUTHZ_FAILED, /* a master user, right password, may not be that user */
	LOGIN_OUTCOME_MALFORMED,    /* what the client sent names no user */
	LOGIN_OUTCOME_REFUSED,	    /* right password, refused for something else */
	LOGIN_OUTCOME_COUNT
};

/* Of an auth record. */
enum login_outcome login_outcome_of(const struct login *auth);

/* "password_mismatch", for metrics and the audit stream. */
const char *login_outcome_name(enum login_outcome outcome);

#endif
