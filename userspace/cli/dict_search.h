/* SPDX-License-Identifier: MIT */
/* Records of users in the dicts of a plan, for lookup and inactive. */
#ifndef DOVETAP_CLI_DICT_SEARCH_H
#define DOVETAP_CLI_DICT_SEARCH_H

#include "cli/logins.h"
#include "plan/plan.h"

struct search {
	const char *const *users;
	size_t user_count;
	bool list_all;	      /* and all others who have logged in, if the dict can list them */
	struct logins logins; /* what was found; the caller releases it */

	/* While it searches. */
	struct plan_keys keys;
	struct slice user;
	int failed;
};

/* Finds nothing in a dict of other things than logins (last_failure_key). */
int search_dict(struct search *search, const struct plan *plan, size_t index,
		struct error *error_r);

/* The exit status for what search_dict() and plan_new() return. */
int search_status(int ret);

#endif
