/* SPDX-License-Identifier: MIT */
/* Names of users from the command line, a file or standard input, one after the other. */
#ifndef DOVETAP_CLI_NAME_LIST_H
#define DOVETAP_CLI_NAME_LIST_H

#include <errno.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/error.h"

/* The errno of a file of names that cannot be read: no store is at fault. */
#define NAMES_UNREADABLE ENOMEDIUM

struct names_options {
	const char *const *words; /* of the command line; "-" is standard input */
	size_t word_count;
	const char *file; /* read first; "-" is standard input; or NULL */
	bool nul;	  /* names in files end with NUL and not with a newline */
};

struct names {
	const struct names_options *options;
	const char *path; /* of what is read */
	FILE *from;	  /* or NULL */
	bool file_done;
	size_t next; /* of the words */
	unsigned long line;
	struct buf name;
};

/* options has to stay. Opens nothing yet. */
void names_init(struct names *names, const struct names_options *options);
void names_release(struct names *names);

/*
 * Returns 1 with a name, which is valid until the next call; 0 at the end; or a negative errno.
 * Of lines, blanks and CR at both ends are taken off; empty ones and those that begin with "#" are
 * passed over, and the first one may begin with a byte order mark. A word that is empty, or has
 * such an end, is -EINVAL: it is nobody's, and would be called inactive. Names that end with NUL,
 * and words beside them, are as they are. -NAMES_UNREADABLE: a file cannot be read.
 */
int names_next(struct names *names, struct slice *name_r, struct error *error_r);

#endif
