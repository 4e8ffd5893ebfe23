/* SPDX-License-Identifier: MIT */
/* uthash, told not to exit when memory is short: after an add, hash_added() says if it worked. */
#ifndef DOVETAP_HASH_H
#define DOVETAP_HASH_H

#define HASH_NONFATAL_OOM 1

#include <uthash.h>

#define hash_added(element) ((element)->hh.tbl != NULL)

#endif
