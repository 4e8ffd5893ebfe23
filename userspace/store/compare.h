/* SPDX-License-Identifier: MIT */
/*
 * Newest wins for stores that cannot compare: read, compare, then write what is newer. Right for
 * a single writer only; two collectors that write the same key at the same moment may leave the
 * older time behind.
 */
#ifndef DOVETAP_COMPARE_H
#define DOVETAP_COMPARE_H

#include "store/dict.h"

/* What reads and writes without a comparison; as those slots of the driver. */
struct compare_store {
	int (*write)(struct dict *dict, struct dict_entry *entries, size_t count,
		     int64_t deadline_ns, struct error *error_r);
	int (*lookup)(struct dict *dict, struct slice user, const struct slice *keys,
		      size_t key_count, int64_t deadline_ns, dict_record_cb *cb, void *context,
		      struct error *error_r);
};

/* As dict_write(). */
int compare_write(struct dict *dict, const struct compare_store *store, struct dict_entry *entries,
		  size_t count, int64_t deadline_ns, struct error *error_r);

#endif
