/* SPDX-License-Identifier: MIT */
/* How to reach PostgreSQL: one libpq connection string per host. */
#ifndef DOVETAP_SQL_PGSQL_SETTINGS_H
#define DOVETAP_SQL_PGSQL_SETTINGS_H

#include <stddef.h>

#include "base/error.h"

struct conf_section;

struct pgsql_host {
	char *name;	/* for error texts */
	char *conninfo; /* with the password, so never in a text */
};

struct pgsql_hosts {
	struct pgsql_host *list;
	size_t count;
};

/* From "connect" (host= may be repeated, maxconns= is for Dovecot's pool, the rest is libpq's), or
 * from "pgsql host { parameters { user = ... } }" blocks. */
int pgsql_hosts_from_connect(struct pgsql_hosts *hosts_r, const char *connect,
			     struct error *error_r);
int pgsql_hosts_from_block(struct pgsql_hosts *hosts_r, const struct conf_section *block,
			   struct error *error_r);
void pgsql_hosts_release(struct pgsql_hosts *hosts);

#endif
