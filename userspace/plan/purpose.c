/* SPDX-License-Identifier: MIT */
#include "plan/purpose.h"

const char *deliver_purpose_name(enum deliver_purpose purpose)
{
	static const char *const names[DELIVER_PURPOSES] = {
		[DELIVER_LOGIN] = "login",
		[DELIVER_AUTH] = "auth",
		[DELIVER_FAILURE] = "failure",
		[DELIVER_HISTORY] = "history",
		[DELIVER_FAILURE_HISTORY] = "failure_history",
	};

	return names[purpose];
}

bool deliver_is_history(enum deliver_purpose purpose)
{
	return purpose == DELIVER_HISTORY || purpose == DELIVER_FAILURE_HISTORY;
}
