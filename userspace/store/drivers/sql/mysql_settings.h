/* SPDX-License-Identifier: MIT */
/* Connecting to MySQL or MariaDB: docs/sql.md lists the settings. Names and defaults are Dovecot's.
 */
#ifndef DOVETAP_SQL_MYSQL_SETTINGS_H
#define DOVETAP_SQL_MYSQL_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

struct conf_section;

struct mysql_host {
	char *host; /* a name, an address, or a unix socket's path; NULL: option file */
	char *user;
	char *password;
	char *dbname;
	char *ssl_ca;
	char *ssl_ca_path;
	char *ssl_cert;
	char *ssl_key;
	char *ssl_cipher;
	char *option_file;
	char *option_group;
	unsigned int port;
	unsigned int client_flags;
	unsigned int connect_timeout; /* ms */
	unsigned int read_timeout;    /* ms */
	unsigned int write_timeout;   /* ms */
	bool ssl;		      /* also without a CA: then the system's are taken */
	bool ssl_verify_server_cert;
};

struct mysql_hosts {
	struct mysql_host *list;
	size_t count;
};

/* From the words of "connect", or from "mysql host { }" blocks. No password enters error texts. */
int mysql_hosts_from_connect(struct mysql_hosts *hosts_r, const char *connect,
			     struct error *error_r);
int mysql_hosts_from_block(struct mysql_hosts *hosts_r, const struct conf_section *block,
			   struct error *error_r);
void mysql_hosts_release(struct mysql_hosts *hosts);

#endif
