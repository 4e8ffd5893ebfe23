/* SPDX-License-Identifier: MIT */
/* Paths of stores that are files. */
#ifndef DOVETAP_PATH_H
#define DOVETAP_PATH_H

#include <sys/types.h>

/* The permission bits of the directory that the path lies in; 0700 when there is none yet. */
mode_t path_parent_mode(const char *path);

/* Makes the missing directories above the path: 0700, or the mode of a setgid directory above.
 * Returns 0 or a negative errno. */
int path_make_parents(const char *path);

/* A copy in which "~/" and a relative path start at home (NULL: at the working directory). NULL
 * without memory. */
char *path_expand(const char *path, const char *home);

#endif
