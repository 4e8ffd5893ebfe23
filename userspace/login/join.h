/* SPDX-License-Identifier: MIT */
/*
 * Brings the auth and the mail_user record of one login together by their session id.
 *
 * Authentication finishes some milliseconds before the mail user exists, and the two records come
 * from different processes. What the auth record knows is kept for a short while and added to the
 * mail_user record; a mail_user record without a partner passes as it is. Bounded: a fixed number
 * of sessions, the oldest makes room.
 */
#ifndef DOVETAP_JOIN_H
#define DOVETAP_JOIN_H

#include "base/error.h"
#include "login/login.h"

#define JOIN_SESSIONS 4096
#define JOIN_KEEP_NS  (60LL * 1000000000LL)

struct join;

int join_new(struct join **join_r, struct error *error_r);
void join_free(struct join **join); /* takes NULL, sets NULL */

/* Remembers a successful auth record; others, and those without a session id, are ignored. */
void join_auth(struct join *join, const struct login *auth);

/*
 * Adds mechanism, TLS state and master user to a mail_user record where it lacks them. What is
 * added stays valid until the next join_auth(). Returns true when a partner was found.
 */
bool join_mail_user(struct join *join, struct login *login);

#endif
