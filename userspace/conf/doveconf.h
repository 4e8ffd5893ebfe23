/* SPDX-License-Identifier: MIT */
/*
 * The server's own configuration file, as the server understands it.
 *
 * Where doveconf is installed it reads the file ("doveconf -P -n -c FILE": what differs from the
 * defaults, secrets in clear), so that its version's defaults and old names are honoured. Its
 * output is then read by our parser, and every word gets the place back that it has in the file.
 * A 2.4 file that doveconf takes is read by our parser itself: what doveconf prints has lost the
 * order of the blocks. Without doveconf, or when doveconf refuses the file (such as a 2.4 file that
 * names an SQL driver which is not installed), our parser reads the file itself.
 *
 * doveconf is run without a shell, with an environment of its own and a deadline.
 */
#ifndef DOVETAP_CONF_DOVECONF_H
#define DOVETAP_CONF_DOVECONF_H

#include "base/error.h"
#include "conf/tree.h"

struct doveconf_options {
	const char *program;  /* NULL: look in the usual places; "": do not use it */
	int timeout_ms;	      /* 0: 10 seconds */
	const char *root_dir; /* the file is a container's (parse.h): doveconf would look for its
			       * includes here, so it is not used; NULL: it is not */
};

struct doveconf_answer {
	const char *program; /* that read the file; NULL: our own parser did */
	char version[32];    /* of its Dovecot, "2.3.19.1"; "" when it is not known */
	struct error error;  /* code 0, or why an installed doveconf could not be used */
};

/* Reads the file at path. answer_r may be NULL; it is set after an error, too. */
int doveconf_read(const char *path, const struct doveconf_options *options,
		  struct conf_section **root_r, struct doveconf_answer *answer_r,
		  struct error *error_r);

/* The doveconf of this machine, or NULL. */
const char *doveconf_find(void);

#endif
