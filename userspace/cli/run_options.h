/* SPDX-License-Identifier: MIT */
/* The command line of "dovetap run", which the processes that it becomes read as well. */
#ifndef DOVETAP_CLI_RUN_OPTIONS_H
#define DOVETAP_CLI_RUN_OPTIONS_H

#include <stdbool.h>

#include "attach/attach.h"
#include "base/log.h"
#include "cli/roots.h"
#include "conf/config.h"
#include "plan/plan.h"

/* Texts are those of the command line; NULL: not there. */
struct run_options {
	struct config_options config;
	bool live;
	const char *record, *control, *pin, *user;
	enum attach_method method;
	struct roots roots;
	enum log_level level; /* at least */
};

/* Ends the process, with EX_USAGE, for a wrong one; with 0 after --help. */
void run_options_parse(int argc, char **argv, struct run_options *run_r);

/* The option, or else the setting. */
const char *run_options_control(const struct run_options *run, const struct plan *plan);
const char *run_options_user(const struct run_options *run, const struct plan *plan);
const char *run_options_pin(const struct run_options *run, const struct plan *plan);
enum log_level run_options_level(const struct run_options *run, const struct plan *plan);
enum log_sink run_options_sink(const struct plan *plan);

/* Sets the log's sink and level from the two. */
void run_options_log(const struct run_options *run, const struct plan *plan);

#endif
