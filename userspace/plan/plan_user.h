/* SPDX-License-Identifier: MIT */
/* The name under which Dovecot knows a user whom somebody wrote otherwise. */
#ifndef DOVETAP_PLAN_PLAN_USER_H
#define DOVETAP_PLAN_PLAN_USER_H

#include "plan/plan.h"

/*
 * Appends the name as the setting auth_username_format of the server's file makes it; without one,
 * as Dovecot's default does: in lower case. -EINVAL when the format needs more than the name, with
 * the place.
 */
int plan_user_normalise(const struct plan *plan, struct slice user, struct buf *out,
			struct error *error_r);

#endif
