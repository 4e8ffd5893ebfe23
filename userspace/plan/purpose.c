/* SPDX-License-Identifier: MIT */
#include "plan/purpose.h"

const char *deliver_purpose_name(enum deliver_purpose purpose)
{
	static const char *const names[DELIVER_PURPOSES] = {
		[DELIVER_LOGIN] = "login",
		[DELIVER_AUTH] = "auth",
		[DELIVER_FAILURE] = "failure",
	};

	return names[purpose];
}
