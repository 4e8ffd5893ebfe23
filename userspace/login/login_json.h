/* SPDX-License-Identifier: MIT */
/* A login as one JSON object on one line, for replay --json and reports from the field. */
#ifndef DOVETAP_LOGIN_JSON_H
#define DOVETAP_LOGIN_JSON_H

#include "base/buf.h"
#include "login/login.h"

/*
 * Appends the object without a newline. Members that were not captured are absent. Texts are
 * as json_text() has them; "truncated" lists the texts that were cut. Returns 0 or the
 * buffer's error.
 */
int login_json(struct buf *out, const struct login *login);

/* "imap u@example.com 192.0.2.1" with the time in front, escaped for a terminal. */
int login_line(struct buf *out, const struct login *login);

#endif
