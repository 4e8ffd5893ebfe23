/* SPDX-License-Identifier: MIT */
/* The directories that the unprivileged collector writes in. */
#ifndef DOVETAP_DIRS_H
#define DOVETAP_DIRS_H

#include "base/error.h"

/*
 * Makes the state directory and that of the control socket ("" = none), if they are missing, and
 * gives them to the collector's user (NULL = the default, priv/drop.h); others may pass through the
 * latter, not look into it. Existing ones stay as they are. Errors: those of mkdir(2) and chown(2),
 * -ENOENT for an unknown user.
 */
int dirs_make(const char *state_dir, const char *control_socket, const char *user,
	      struct error *error_r);

/* The same for the directory of one file. */
int dirs_make_for_file(const char *path, const char *user, struct error *error_r);

#endif
