/* SPDX-License-Identifier: MIT */
#include "search/quota.h"

#include <errno.h>

void quota_init(struct quota *quota, const struct quota_limits *limits,
		const struct quota_owner *owner)
{
	*quota = (struct quota){.limits = limits, .owner = *owner};
}

void quota_count(struct quota *quota, const struct quota_owner *owner)
{
	quota->all++;
	quota->others += owner->uid != 0;
	quota->of_user += owner->uid == quota->owner.uid;
	quota->of_namespace += owner->namespace == quota->owner.namespace;
}

int quota_check(const struct quota *quota, struct error *error_r)
{
	const struct quota_limits *limits = quota->limits;

	if (quota->all >= limits->all)
		return error_set(error_r, EDQUOT,
				 "%zu %s are known, the limit: one more is not taken", quota->all,
				 limits->what);
	if (quota->owner.namespace != 0 && quota->of_namespace >= limits->per_namespace)
		return error_set(
			error_r, EDQUOT,
			"%zu %s of this container are known, the limit of one: one more is "
			"not taken",
			quota->of_namespace, limits->what);
	if (quota->owner.uid == 0)
		return 0;
	if (quota->of_user >= limits->per_user)
		return error_set(error_r, EDQUOT,
				 "%zu %s of user %u are known, the limit of one: one more is not "
				 "taken",
				 quota->of_user, limits->what, (unsigned int)quota->owner.uid);
	if (quota->others >= limits->others)
		return error_set(
			error_r, EDQUOT,
			"%zu %s of users other than root are known, the limit: one more is "
			"not taken",
			quota->others, limits->what);
	return 0;
}
