/* SPDX-License-Identifier: MIT */
/* uthash, without its exit when memory is short: hash_added() is true if the add before
 * succeeded. */
#ifndef DOVETAP_HASH_H
#define DOVETAP_HASH_H

#define HASH_NONFATAL_OOM 1

#include <uthash.h>

#define hash_added(element) ((element)->hh.tbl != NULL)

#endif
