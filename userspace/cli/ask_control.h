/* SPDX-License-Identifier: MIT */
/* A running dovetap is asked for users, by those who may not read its stores. */
#ifndef DOVETAP_CLI_ASK_CONTROL_H
#define DOVETAP_CLI_ASK_CONTROL_H

#include "cli/ask_wire.h"
#include "cli/name_list.h"

struct ask_control {
	const char *socket;
	const char *const *judged; /* services that count as logins, too; or NULL */
	struct ask_since since;	   /* set by the answers: the one that knows least */
};

/* Each of the users is in the roster then. Errors: -EACCES when it is refused, -EAGAIN when too
 * many ask, those of the store. */
int ask_control_names(struct ask_control *ask, struct names *names, struct roster *roster,
		      struct error *error_r);

/* May this process, without options that name another store, read none, and does a dovetap answer
 * at the default place? */
bool ask_control_wanted(const char *socket);

#endif
