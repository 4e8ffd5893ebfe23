/* SPDX-License-Identifier: MIT */
/*
 * The resolver: what a configuration comes to, as one memory file for the processes that run on
 * (priv/resolution.h). Its last part is
 *
 *	the command line and the environment of "dovetap run"
 *	the configuration (plan_pack())
 *
 * The environment goes that way as the configuration may take secrets from it ($ENV:NAME), and
 * libraries their settings; the attacher's own has neither.
 */
#ifndef DOVETAP_CLI_RESOLVE_H
#define DOVETAP_CLI_RESOLVE_H

#include "cli/run_options.h"
#include "priv/drop.h"

/*
 * The first step: reads the configuration that the options name, with the audit stream, and sends
 * log lines to where it directs them. Logs it if doveconf could not read the server's file. Errors
 * as plan_new().
 */
int resolve_read(const struct run_options *run, struct plan **plan_r, struct error *error_r);

struct resolve_origin {
	int argc;
	char **argv; /* as of main(), from the name of the subcommand on */
	char **environment;
};

/*
 * Makes the memory file: of the plan, for which plan_load_audit() was called, of the layouts that
 * were added (dovecot/layout_own.h), of user. Returns its descriptor or a negative errno.
 */
int resolve_make(const struct resolve_origin *origin, const struct run_options *run,
		 const struct plan *plan, const struct priv_user *user, struct error *error_r);

/*
 * Takes it apart again: the options and the environment of this process become those of the origin.
 * What run_r and the environment point to stays until the process ends. plan_r NULL: without the
 * plan. The plan's audit stream is loaded. user_r may be NULL.
 */
int resolve_open(int fd, struct resolve_origin *origin_r, struct run_options *run_r,
		 struct priv_user *user_r, struct plan **plan_r, struct error *error_r);

#endif
