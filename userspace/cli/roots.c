/* SPDX-License-Identifier: MIT */
#include "cli/roots.h"

#include "priv/proto.h"

enum { OPTION_ROOT = 1024 };

static const struct argp_option options[] = {
	{"root", OPTION_ROOT, "DIR", 0, "Watch only the Dovecot below DIR; may be repeated", 0},
	{0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct roots *roots = state->input;

	if (key != OPTION_ROOT)
		return ARGP_ERR_UNKNOWN;
	if (roots->count == ROOTS_MAX)
		argp_error(state, "--root: %d at most", ROOTS_MAX);
	else
		roots->dirs[roots->count++] = arg;
	return 0;
}

const struct argp roots_argp = {.options = options, .parser = parse};

struct discover_options roots_discover(const struct roots *roots)
{
	return (struct discover_options){
		.roots = roots->count > 0 ? roots->dirs : NULL,
		.processes = roots->count == 0,
		.roles = PRIV_ROLES_ALL,
	};
}
