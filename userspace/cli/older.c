/* SPDX-License-Identifier: MIT */
#include "cli/older.h"

#include "base/clock.h"
#include "conf/settings.h"

#define DAY_MSECS (UINT64_C(86400) * 1000)

int64_t older_parse(const char *arg, struct argp_state *state)
{
	static const struct conf_field time = {.name = "--older", .type = CONF_TIME};
	struct error error;
	uint64_t msecs = 0;

	if (conf_value_parse(&time, arg, NULL, &msecs, &error) < 0)
		argp_error(state, "--older: %s", error.text);
	else if (msecs < DAY_MSECS || msecs > INT64_MAX / NS_PER_MSEC)
		argp_error(state, "--older=%s: a day or more, such as 90d", arg);
	return (int64_t)msecs * NS_PER_MSEC;
}
