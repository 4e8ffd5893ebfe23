/* SPDX-License-Identifier: MIT */
/* What ends the collector's loop, and which of it the next collector may not meet again. */
#include <errno.h>
#include <sysexits.h>

#include "base/log.h"
#include "collector/collector_private.h"

bool collector_is_shortage(int code)
{
	return code == ENOMEM || code == EAGAIN || code == EMFILE || code == ENFILE;
}

void collector_fail(struct collector *c, const struct error *error)
{
	log_error("%s", error->text);
	c->status = collector_is_shortage(error->code) ? EX_TEMPFAIL : EX_SOFTWARE;
	loop_stop(c->loop);
}
