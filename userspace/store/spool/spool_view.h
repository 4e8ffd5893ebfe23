/* SPDX-License-Identifier: MIT */
/*
 * A look into a spool file (spool.h) from outside, while its writer goes on: what waits, what was
 * refused for good, and whether the file is sound. Changes nothing but what was refused.
 */
#ifndef DOVETAP_STORE_SPOOL_SPOOL_VIEW_H
#define DOVETAP_STORE_SPOOL_SPOOL_VIEW_H

#include <stdint.h>

#include "base/error.h"
#include "base/slice.h"

struct spool_view;

/* One row; valid during the callback. */
struct spool_row {
	struct slice key, value;
	int64_t time_ns;     /* of the login */
	int64_t since_ns;    /* wall clock: in the spool, or refused, since then */
	int64_t due_ns;	     /* of a record that min_interval holds back; else 0 */
	struct slice reason; /* len 0 for a record that waits */
	struct slice parts;  /* of the key, as spool_parts.h has them */
};

typedef void spool_row_cb(const struct spool_row *row, void *context);

/* Errors: -ENOENT when there is no such file, -EILSEQ when it is no spool of this version. */
int spool_view_open(const char *dir, const char *name, struct spool_view **view_r,
		    struct error *error_r);
void spool_view_close(struct spool_view **view); /* takes NULL, sets NULL */

/* In the order in which they will be written, or were refused. Returns how many, or -EIO. */
int64_t spool_view_pending(struct spool_view *view, spool_row_cb *cb, void *context,
			   struct error *error_r);
int64_t spool_view_held(struct spool_view *view, spool_row_cb *cb, void *context,
			struct error *error_r);
int64_t spool_view_dead_letters(struct spool_view *view, spool_row_cb *cb, void *context,
				struct error *error_r);

/*
 * What was refused waits again, or is gone: all of it, or what stands under that key (ptr not
 * NULL). A newer record that waits already stays. Returns how many, or a negative errno.
 */
int64_t spool_view_retry(struct spool_view *view, struct slice key, int64_t now_ns,
			 struct error *error_r);
int64_t spool_view_drop(struct spool_view *view, struct slice key, struct error *error_r);

/* SQLite's own check of every page. 0, or -EILSEQ with what it found first. */
int spool_view_check(struct spool_view *view, struct error *error_r);

#endif
