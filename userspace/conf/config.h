/* SPDX-License-Identifier: MIT */
/*
 * Everything that start-up reads, in one call: dovetap.conf, the server's own file, the command
 * line. The settings of last_login in each override all those before it:
 *
 *	the server's file (--dovecot-config, or dovecot_config in dovetap { })
 *	dovetap.conf (--config; /etc/dovetap/dovetap.conf if that is there)
 *	the command line (--dict, --key, --precision, --service, --state-dir)
 *
 * Once read, a configuration can be handed to a process that reads no file (config_pack.h).
 */
#ifndef DOVETAP_CONF_CONFIG_H
#define DOVETAP_CONF_CONFIG_H

#include "base/error.h"
#include "base/slice.h"
#include "conf/dovetap.h"
#include "conf/last_login/last_login.h"
#include "conf/tree.h"

#define CONFIG_DEFAULT_PATH "/etc/dovetap/dovetap.conf"

/* All members may be NULL. */
struct config_options {
	const char *path;	    /* --config */
	const char *dovecot_config; /* --dovecot-config */
	const char *doveconf;	    /* program; NULL: as found; "": none */
	const char *const *roots;   /* --root, end with NULL: dovecot_config may lie below one */
	const char *dict, *key, *precision, *services, *state_dir;
	bool from; /* errors name --from-dict, --from-key and --from-config */
};

/* A map file of an SQL dict. */
struct config_map {
	struct config_map *next;
	const char *path;
	struct conf_section *tree;
};

/* Of the endpoint for metrics. */
enum config_metrics_file {
	CONFIG_METRICS_CERT,
	CONFIG_METRICS_KEY,
	CONFIG_METRICS_CLIENT_CA,
	CONFIG_METRICS_TOKENS,
	CONFIG_METRICS_FILES
};

struct config {
	struct conf_section *server; /* NULL without one */
	struct conf_section *own;    /* never NULL; empty when there is no file */
	struct conf_section *command_line;
	const char *doveconf;	     /* the program that read the server's file, or NULL */
	struct error doveconf_error; /* code 0, or why our parser had to step in */
	struct dovetap_settings settings;
	struct last_login_conf last_login;
	struct config_map *maps; /* those that were asked for */
	struct slice audit_key;	 /* the same; a secret; ptr NULL: not read */
	struct slice metrics_files[CONFIG_METRICS_FILES]; /* the same, two of them secrets */
	bool resolved; /* came from config_unpack(): there is nothing but what is here */
};

/* Errors name the place: "file:line: ..." or "--option: ...". -EINVAL or the errno of a file. */
int config_load(const struct config_options *options, struct config *config_r,
		struct error *error_r);
void config_release(struct config *config); /* also a zeroed one */

/* The steps of config_load() that read no file: from the trees to settings and last_login. */
int config_read_settings(struct config *config, struct error *error_r);
int config_read_last_login(struct config *config, struct error *error_r);

/*
 * The map file at path with all that it includes, and the files that its values name; read once. It
 * lives as long as config.
 */
int config_map(struct config *config, const char *path, const struct conf_section **map_r,
	       struct error *error_r);

/* For config_unpack(); path is copied, tree is config's then, also after an error. -ENOMEM. */
int config_add_map(struct config *config, const char *path, struct conf_section *tree);

#endif
