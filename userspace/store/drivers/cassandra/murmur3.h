/* SPDX-License-Identifier: MIT */
/*
 * The token of a partition key under Cassandra's Murmur3Partitioner: the first half of
 * MurmurHash3_x64_128 with seed 0, except that Cassandra sign-extends the bytes of the tail
 * (a slip of its Java code that became the format).
 */
#ifndef DOVETAP_CQL_MURMUR3_H
#define DOVETAP_CQL_MURMUR3_H

#include <stdint.h>

#include "base/slice.h"

int64_t cql_murmur3(struct slice key);

#endif
