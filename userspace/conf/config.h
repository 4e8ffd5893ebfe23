/* SPDX-License-Identifier: MIT */
/*
 * Everything that start-up reads, in one call: dovetap.conf, the server's own file, the command
 * line. What each says about last_login wins over all that the one before it says:
 *
 *	the server's file (--dovecot-config, or dovecot_config in dovetap { })
 *	dovetap.conf (--config; /etc/dovetap/dovetap.conf if that is there)
 *	the command line (--dict, --key, --precision, --service, --state-dir)
 */
#ifndef DOVETAP_CONF_CONFIG_H
#define DOVETAP_CONF_CONFIG_H

#include "base/error.h"
#include "conf/dovetap.h"
#include "conf/last_login/last_login.h"
#include "conf/tree.h"

#define CONFIG_DEFAULT_PATH "/etc/dovetap/dovetap.conf"

/* All members may be NULL. */
struct config_options {
	const char *path;	    /* --config */
	const char *dovecot_config; /* --dovecot-config */
	const char *doveconf;	    /* program; NULL: as found; "": none */
	const char *dict, *key, *precision, *services, *state_dir;
};

struct config {
	struct conf_section *server; /* NULL without one */
	struct conf_section *own;    /* never NULL; empty when there is no file */
	struct conf_section *command_line;
	const char *doveconf;	     /* the program that read the server's file, or NULL */
	struct error doveconf_error; /* code 0, or why our parser had to step in */
	struct dovetap_settings settings;
	struct last_login_conf last_login;
};

/* Errors name the place: "file:line: ..." or "--option: ...". -EINVAL or the errno of a file. */
int config_load(const struct config_options *options, struct config *config_r,
		struct error *error_r);
void config_release(struct config *config); /* also a zeroed one */

#endif
