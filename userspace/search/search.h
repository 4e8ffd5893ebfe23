/* SPDX-License-Identifier: MIT */
/*
 * The search for Dovecot (discover.h) in a process of its own, because it opens files that others
 * have made: on a file system whose server does not answer (FUSE, NFS) an open() or stat() may wait
 * for ever, and cannot even be killed.
 *
 *	owner ── SCAN, EXEC ──▶ searcher ── FOUND, MASTER with the file, LOST, ... ──▶ owner
 *	      └─ shared page: what it examines, since when, and the paths in quarantine ─┘
 *
 * A searcher that looks at one thing for SEARCH_PATIENCE_NS is killed, as is one that crashes over
 * it; the next one leaves out that place: in another mount namespace (a container) all of that, in
 * ours the one program or directory. After a while the place is tried again. What was found stays.
 *
 * It is started by exec, with an address layout of its own: what hostile files find out about it is
 * of no use against the owner. The searcher can neither load BPF programs nor attach; its messages
 * are validated.
 */
#ifndef DOVETAP_SEARCH_SEARCH_H
#define DOVETAP_SEARCH_SEARCH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "priv/drop.h"
#include "search/discover.h"

#define SEARCH_PATIENCE_NS 2000000000LL
#define SEARCH_NAME	   "dovetap-search" /* of the process */

struct search_owner {
	void *ctx;
	discover_fn *found; /* build stays valid until it is lost, or the search freed; its fd is
			     * O_PATH, so that closing it asks no server */
	discover_lost_fn *lost; /* may be NULL */

	/* Dovecot's first process runs it, by another name (discover.h): at least once a search. fd
	 * is O_PATH, valid for this call. May be NULL. */
	void (*master)(void *ctx, int fd, const char *path);

	/* A search of everything is over; error->code is 0 or the first reason for which something
	 * could not be looked at; limited is discover_limited(), dovecots discover_dovecots(). */
	void (*scanned)(void *ctx, const struct error *error, unsigned int limited,
			unsigned int dovecots);

	/* A program of this name (search_exec()) is none of Dovecot's. May be NULL. */
	void (*unrelated)(void *ctx, const char *name);

	/* A place does not answer, or (end) does again; count is how many do not at the moment. */
	void (*stalled)(void *ctx, const char *place, bool end, unsigned int count);
};

struct search;

/* The options and strings in them, and owner, must stay. Nothing is started yet. Errors as of
 * discover_new(). */
int search_new(const struct discover_options *options, const struct search_owner *owner,
	       struct search **search_r, struct error *error_r);
void search_free(struct search **search);

/* As discover_restore(); before search_start(). */
int search_restore(struct search *search, enum priv_role role, const struct file_id *id);

/* Rights of each searcher. */
enum search_rights {
	SEARCH_SANDBOXED,  /* the capabilities to look at other processes, the list of calls */
	SEARCH_NO_SANDBOX, /* for debugging: without the list */
	SEARCH_AS_WE_ARE,  /* when it is over soon, and whoever asks may have few */
};

/*
 * program, which must stay open, is executed with the argument "search" for each searcher and calls
 * searcher_main(); -1: the searcher is a copy of this process, for commands that end soon. Each
 * becomes user unless it is to be as we are; NULL: it stays ours.
 */
int search_start(struct search *search, enum search_rights rights, const struct priv_user *user,
		 int program, struct error *error_r);

/* The whole life of such a program; log_error() reports why one cannot begin. */
__attribute__((noreturn)) void searcher_main(void);

/* Asks for a search of everything. Another one may be under way; then one more follows. */
void search_scan(struct search *search);

/* A process has executed a program; name is passed to unrelated() if it is none of Dovecot's, NULL:
 * not. Returns false if only a scan can find it. */
bool search_exec(struct search *search, pid_t pid, const char *name);

/* Readable: search_receive(). Receives messages, and calls the owner. */
int search_fd(const struct search *search);
void search_receive(struct search *search);

/* By this time of the monotonic clock, at each SIGCHLD, and often does no harm: ends a searcher
 * that does not answer, and starts the next. */
int64_t search_due_ns(const struct search *search);
void search_due(struct search *search);

/* All of it at once, for who has nothing else to do: until everything was searched. Returns as
 * discover_scan(). */
int search_once(const struct discover_options *options, const struct search_owner *owner,
		struct error *error_r);

#endif
