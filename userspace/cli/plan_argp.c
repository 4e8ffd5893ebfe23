/* SPDX-License-Identifier: MIT */
/* The options by which commands override the configuration: one argp for all of them. */
#include "cli/cmds.h"
#include "cli/roots.h"

enum { OPTION_STATE_DIR = 2048 };

static const struct argp_option options[] = {
	{"service", 's', "LIST", 0, "Services to record, by comma or blank: imap,pop3", 0},
	{"config", 'c', "FILE", 0, "Read FILE, not /etc/dovetap/dovetap.conf", 0},
	{"dovecot-config", 'C', "FILE", 0, "Take the last_login settings from Dovecot's own FILE",
	 0},
	{"dict", 'd', "URI", 0, "Where to keep the records, in Dovecot's notation", 0},
	{"key", 'k', "TEMPLATE", 0, "Under which key (last_login_key)", 0},
	{"precision", 'p', "s|ms|us|ns", 0, "Unit of the value (last_login_precision)", 0},
	{"state-dir", OPTION_STATE_DIR, "DIR", 0,
	 "For the embedded dict and the spool (/var/lib/dovetap)", 0},
	{0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct config_options *plan = state->input;

	switch (key) {
	case 'c':
		plan->path = arg;
		return 0;
	case 'C':
		plan->dovecot_config = arg;
		return 0;
	case 'd':
		plan->dict = arg;
		return 0;
	case 'k':
		plan->key = arg;
		return 0;
	case 'p':
		plan->precision = arg;
		return 0;
	case 's':
		plan->services = arg;
		return 0;
	case OPTION_STATE_DIR:
		plan->state_dir = arg;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

const struct argp plan_argp = {.options = options, .parser = parse};

/* The first one means something else to who asks. */
const struct argp asking_argp = {.options = options + 1, .parser = parse};

const struct argp_child plan_argp_children[] = {{&plan_argp, 0, NULL, 0}, {0}};

const struct argp_child plan_roots_children[] = {
	{&plan_argp, 0, NULL, 0}, {&roots_argp, 0, NULL, 0}, {0}};
