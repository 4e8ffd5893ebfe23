/* SPDX-License-Identifier: MIT */
/*
 * The subcommands. Each takes argv from its own name on and returns an exit status of sysexits.h.
 */
#ifndef DOVETAP_CMDS_H
#define DOVETAP_CMDS_H

#include <argp.h>

#include "plan/plan.h"

int cmd_run(int argc, char **argv);
int cmd_check(int argc, char **argv);
int cmd_lookup(int argc, char **argv);
int cmd_failures(int argc, char **argv);
int cmd_recent(int argc, char **argv);
int cmd_replay(int argc, char **argv);
int cmd_status(int argc, char **argv);
int cmd_inactive(int argc, char **argv);
int cmd_expire(int argc, char **argv);
int cmd_forget(int argc, char **argv);
int cmd_import(int argc, char **argv);
int cmd_rename(int argc, char **argv);
int cmd_top(int argc, char **argv);
int cmd_spool(int argc, char **argv);
int cmd_layout(int argc, char **argv);
int cmd_detach(int argc, char **argv);
int cmd_config(int argc, char **argv);

/* What the attacher executes; nobody else can. */
int cmd_collect(int argc, char **argv);
int cmd_resolve(int argc, char **argv);

/* What "dovetap config show" prints; for "dovetap check", too. Returns an exit status. */
int config_show(const struct config_options *options);

/* --config, --dovecot-config, --dict, --key, --precision, --state-dir, --service: argp children
 * whose input is a struct config_options; the second one has no --service. */
extern const struct argp plan_argp, asking_argp;
extern const struct argp_child
	plan_argp_children[]; /* of a command with no other options to share */
extern const struct argp_child
	plan_roots_children[]; /* of one with --root; the second input is a struct roots */

#endif
