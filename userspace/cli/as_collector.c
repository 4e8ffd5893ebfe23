/* SPDX-License-Identifier: MIT */
#include "cli/as_collector.h"

#include <unistd.h>

#include "cli/dirs.h"
#include "priv/drop.h"

int as_collector(const struct plan *plan, struct error *error_r)
{
	const struct dovetap_settings *settings = plan_settings(plan);
	struct priv_user user;
	int ret;

	if (geteuid() != 0)
		return 0;
	ret = priv_user_find(settings->user, &user, error_r);
	if (ret == 0)
		ret = dirs_make(settings->state_dir, "", settings->user, error_r);
	if (ret == 0)
		ret = priv_drop(&user, error_r);
	return ret;
}
