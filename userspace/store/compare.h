/* SPDX-License-Identifier: MIT */
/*
 * Newest wins for stores that cannot compare: read, compare, then write what is newer. Right for
 * a single writer only; two collectors that write the same key at the same moment may leave the
 * older time behind.
 */
#ifndef DOVETAP_COMPARE_H
#define DOVETAP_COMPARE_H

#include "store/dict.h"

/* As dict_write(), for a driver without DICT_CAP_NEWEST_WINS. */
int compare_write(struct dict *dict, struct dict_entry *entries, size_t count, int64_t deadline_ns,
		  struct error *error_r);

#endif
