/* SPDX-License-Identifier: MIT */
/*
 * The most frequent keys of a stream, from a fixed number of counters: Space-Saving (Metwally,
 * Agrawal, El Abbadi: Efficient Computation of Frequent and Top-k Elements in Data Streams, 2005).
 *
 * A key without a counter takes over the smallest one with its count, which may be too high for it
 * by that much: its error. For any stream:
 *
 *	count - error <= true count <= count	of a key that has a counter
 *	true count <= bound			of a key that has none
 *	bound <= total / counters
 *
 * Keys longer than SPACE_SAVING_KEY_MAX are cut: those with the same beginning are counted as one.
 * No memory is allocated after the start. One thread.
 */
#ifndef DOVETAP_SPACE_SAVING_H
#define DOVETAP_SPACE_SAVING_H

#include <stdint.h>

#include "base/error.h"
#include "base/slice.h"

#define SPACE_SAVING_KEY_MAX 512

struct space_saving;

struct space_saving_item {
	struct slice key;      /* valid until the next add, reset or free */
	uint64_t count, error; /* as above */
};

int space_saving_new(size_t counters, struct space_saving **sketch_r, struct error *error_r);
void space_saving_free(struct space_saving **sketch); /* takes NULL, sets NULL */

void space_saving_add(struct space_saving *sketch, struct slice key);
void space_saving_forget(struct space_saving *sketch,
			 struct slice key); /* its count stays, under "forgotten-N" */
void space_saving_reset(struct space_saving *sketch);

uint64_t space_saving_total(const struct space_saving *sketch); /* keys added */
uint64_t space_saving_bound(const struct space_saving *sketch);

/*
 * The most frequent keys of one stream behind another, both counted by themselves (b may be NULL):
 * at most max, by falling count. The items keep the guarantees above for the two streams together;
 * the bound of a key that is not among the items of either is the sum of both bounds. Returns how
 * many there are, or -ENOMEM.
 */
int space_saving_top(const struct space_saving *a, const struct space_saving *b,
		     struct space_saving_item *items, size_t max);

#endif
