/* SPDX-License-Identifier: MIT */
#include "base/exit_status.h"

#include <errno.h>
#include <sysexits.h>

int exit_status_of(int ret)
{
	if (ret >= 0)
		return ret;
	if (ret == -EBUSY)
		return EX_UNAVAILABLE;
	if (ret == -ENOTSUP)
		return EX_CONFIG;
	return ret == -EPERM || ret == -EACCES ? EX_NOPERM : EX_OSERR;
}
