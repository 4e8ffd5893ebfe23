/* SPDX-License-Identifier: MIT */
/*
 * Recognises a file by its contents, not by its path or name:
 *
 *	a program or library of Dovecot's	it needs a library libdovecot*.so, or is one
 *	libdovecot-storage, libdovecot-login	by the soname, else by the probed functions
 *	auth					needs libdovecot.so and has the probed functions
 *	a login process				imports the probed functions of libdovecot-login
 *	a master				imports what writes the list of instances
 *
 * Answers are cached by the file's identity, because nearly every process that starts runs a file
 * that was seen before. Of a file that is not Dovecot's a few hundred bytes are read, once; of one
 * that claims to be and has another name than those above, everything.
 */
#ifndef DOVETAP_SEARCH_RECOGNISE_H
#define DOVETAP_SEARCH_RECOGNISE_H

#include <stdbool.h>
#include <sys/stat.h>

#include "priv/proto.h"
#include "search/elf_dynamic.h"
#include "search/read_budget.h"

#define RECOGNISE_LIBRARY "libdovecot" /* what the names of its libraries begin with */

/* Of libdovecot's functions, the one that only the master calls, in all releases since 2.1. */
#define RECOGNISE_MASTER "master_instance_list_update"

struct recognised {
	bool dovecot;	     /* else nothing below is set */
	bool library;	     /* one of libdovecot*.so */
	enum priv_role role; /* whose probed functions it has; 0: none */
	bool importer;	     /* a login process */
	bool master;	     /* Dovecot's first process */
	bool waits;	     /* the read budget is exhausted: nothing else is set */
	struct elf_dynamic *dynamic;
};

struct recognise_entry;

struct recogniser {
	struct recognise_entry *entries; /* oldest first */
	size_t count, dovecots;
	struct read_budget *budget; /* for files that have to be read whole; NULL: without */
};

void recogniser_release(struct recogniser *recogniser);

/*
 * The answer that is kept for the file of st, or NULL. Both are valid until the next call of
 * recognise().
 */
const struct recognised *recognise_known(const struct recogniser *recogniser,
					 const struct stat *st);

/* Looks at the open file, unless its answer is there. Never NULL. */
const struct recognised *recognise(struct recogniser *recogniser, int fd);

#endif
