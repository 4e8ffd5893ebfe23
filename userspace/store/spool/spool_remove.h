/* SPDX-License-Identifier: MIT */
/* The records of one user out of a spool: what waits, is held back, or was refused, and when their
 * keys were written last (min_interval). */
#ifndef DOVETAP_STORE_SPOOL_SPOOL_REMOVE_H
#define DOVETAP_STORE_SPOOL_SPOOL_REMOVE_H

#include <sqlite3.h>
#include <stdint.h>

#include "store/dict.h"

struct spool;
struct spool_view;

struct spool_removed {
	uint64_t waiting, held, refused;
};

/* In one transaction, or not at all; with what->dry_run it only counts. Logins behind until_ns
 * stay. 0 or a negative errno. The first is for the spool's owner, the second for a look into a
 * file (spool_view.h). */
int spool_remove(struct spool *spool, const struct dict_removal *what,
		 struct spool_removed *removed_r, struct error *error_r);
int spool_view_remove(struct spool_view *view, const struct dict_removal *what,
		      struct spool_removed *removed_r, struct error *error_r);

/* What both do. Returns SQLITE_OK or another code; the transaction is then the caller's to undo. */
int spool_remove_rows(sqlite3 *db, const struct dict_removal *what,
		      struct spool_removed *removed_r);

#endif
