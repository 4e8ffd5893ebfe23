/* SPDX-License-Identifier: MIT */
/* The parts of a search (search.h), private to search*.c: its searcher process (search.c) and that
 * one's start (search_start.c), the files it reported (search_reported.c), and the paths that stall
 * (search_stalled.c). */
#ifndef DOVETAP_SEARCH_SEARCH_PRIVATE_H
#define DOVETAP_SEARCH_SEARCH_PRIVATE_H

#include "search/search.h"
#include "search/search_wire.h"

/* A file that was reported, or restored. */
struct reported_file {
	struct binary binary;
	struct reported_file *next;
};

/* A place that did not answer. */
struct stalled_path {
	char place[SEARCH_PLACE_MAX];
	uint64_t key;	  /* 0: free */
	pid_t killed;	  /* the searcher that was killed over it; 0: it has ended */
	int64_t delay_ns; /* until it is tried again, doubled with each time */
	int64_t retry_ns; /* 0: it is being tried */
};

struct search {
	const struct discover_options *options;
	const struct search_owner *owner;
	struct search_shared *shared;
	struct reported_file *reported_file;
	struct stalled_path stalled[SEARCH_SKIPS_MAX]; /* as in shared->skips */
	unsigned int stalled_count;
	pid_t pid; /* 0: none */
	int channel;
	enum search_rights rights;
	struct priv_user user; /* uid 0: ours */
	int shared_fd;	       /* memory file of shared: neither side can change its size */
	int program;	       /* -1: none */
	int64_t restart_ns;    /* 0: not planned */
	int64_t judge_ns;      /* when to see how far it has come with what was asked; 0: not */
	unsigned int scans;    /* asked for and not answered */
};

/* --- search.c --- */

/* The searcher was ended, or has ended by itself. The next one searches everything. */
void search_replace(struct search *search);

/* --- search_start.c --- */

/* Makes the memory that both have. */
int search_share(struct search *search, struct error *error_r);

/* Starts a searcher: sets pid and channel. */
int search_start_process(struct search *search, struct error *error_r);

/* --- search_reported.c --- */

void search_reported_free(struct reported_file *reported_file);

/* The searcher reports a file, or that one is gone. fd is of the file, taken over. */
void search_take_found(struct search *search, const struct search_answer *answer, int fd);
void search_take_lost(struct search *search, const struct search_answer *answer);

/* All that is known, as a searcher wants it; to be freed. NULL: no memory. */
struct search_restored *search_list_reported(const struct search *search);

/* What is refused for want of an importer may have one by now. */
void search_forget_unused(struct search *search);

/* --- search_stalled.c --- */

/* Quarantines the path that the searcher was examining when it had to be killed; killed is its
 * pid. */
void search_quarantine(struct search *search, pid_t killed);

/* A search went well: it was of everything, with the places that are tried again. */
void search_clear_stalled(struct search *search);

/* Once a killed searcher has ended, the server has answered. */
void search_reap_killed(struct search *search);

/* When the next place is to be tried again, INT64_MAX: never. */
int64_t search_stalled_due_ns(const struct search *search);

/* Leaves those that are due out no longer; true if there are any: a scan has to look at them. */
bool search_retry_stalled(struct search *search);

#endif
