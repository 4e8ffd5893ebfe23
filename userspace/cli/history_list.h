/* SPDX-License-Identifier: MIT */
/* Rows of the history, out of the stores and of what waits for them: lookup --history, recent. */
#ifndef DOVETAP_CLI_HISTORY_LIST_H
#define DOVETAP_CLI_HISTORY_LIST_H

#include "cli/report.h"
#include "plan/plan.h"
#include "store/history.h"

struct history_item; /* a row that is kept */

struct history_list {
	const struct plan *plan;
	size_t limit;	    /* rows of each store, at most */
	int64_t timeout_ns; /* how long a store may be silent; 0: ten seconds */

	struct history_item **items;
	size_t count, room;
	int ret; /* of the first row that could not be kept */
};

/* A row's copy: texts and row are one block. */
struct history_item {
	struct history_row row;
	enum deliver_purpose purpose;
	char text[];
};

/*
 * Adds the rows of that user, or of all when the name is empty. The list begins as zeros with plan
 * and limit set. Errors: -EINVAL when no history is kept, with the setting; -EOPNOTSUPP from a
 * store that does not know the newest of all; those of dict_open(), dict_history(), the spool.
 */
int history_ask(struct history_list *list, struct slice user, struct error *error_r);
void history_list_release(struct history_list *list);

/* The newest first; what store and spool both have is there once. */
void history_sort(struct history_list *list);

/* Writes the rows into the stores that they are from, as those of another user. Errors: those of
 * dict_open() and dict_write(), -EIO for a row that is not taken. */
int history_write(const struct history_list *list, struct slice user, struct error *error_r);

/* Prints the newest of the list, max at most. Errors: those of report_end(). */
int history_print(const struct history_list *list, size_t max, enum report_form form,
		  struct error *error_r);

#endif
