/* SPDX-License-Identifier: MIT */
/*
 * What "dovetap top" shows: how many logins there are, the last ones, and who fails most. Each view
 * has a form for a terminal, escaped for it and a line a row, and one in JSON.
 */
#ifndef DOVETAP_STATS_TOP_H
#define DOVETAP_STATS_TOP_H

#include "base/buf.h"
#include "login/failures.h"
#include "login/latest.h"
#include "login/rates.h"

struct top {
	struct rates rates;
	struct latest latest;
	struct failures *failures;
};

int top_init(struct top *top, struct error *error_r);
void top_release(struct top *top);

void top_note(struct top *top, const struct login_event *event);

/* A user's name goes out of all views. */
void top_forget(struct top *top, struct slice user);

/* All return 0 or the buffer's error. */
int top_logins_text(struct top *top, struct buf *out);
int top_logins_json(struct top *top, struct buf *out);
int top_failures_text(struct top *top, struct buf *out);
int top_failures_json(struct top *top, struct buf *out);

#endif
