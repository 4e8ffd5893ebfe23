/* SPDX-License-Identifier: MIT */
/* What a record is written for: one login can give one of each purpose. */
#ifndef DOVETAP_PLAN_PURPOSE_H
#define DOVETAP_PLAN_PURPOSE_H

#include "login/template/template.h"

enum deliver_purpose {
	DELIVER_LOGIN,
	DELIVER_AUTH,
	DELIVER_FAILURE,
	DELIVER_HISTORY, /* rows of the last logins (store/history.h) */
	DELIVER_FAILURE_HISTORY,
	DELIVER_PURPOSES
};

/* One more key of a login (last_login_dict_fields). */
struct deliver_field {
	struct template *key, *value;
};

/* "login", "auth", "failure", "history", "failure_history". */
const char *deliver_purpose_name(enum deliver_purpose purpose);

/* Is it a row of a history, not a record? */
bool deliver_is_history(enum deliver_purpose purpose);

#endif
