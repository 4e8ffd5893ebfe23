/* SPDX-License-Identifier: MIT */
/*
 * Records on their way to a dict, in memory: the newest of each key, in the order of their
 * positions in the source. Not locked; the writer does that.
 *
 * An entry holds back the source at "before": everything in front of that position was handed in
 * earlier. A record that is superseded no longer holds anything back, for the newer one of its
 * key, which does, lies behind it in the source.
 */
#ifndef DOVETAP_STORE_WRITER_PENDING_H
#define DOVETAP_STORE_WRITER_PENDING_H

#include "base/hash.h"
#include "store/writer/writer.h"

struct dict_entry;
struct dict_removal;

struct pending_entry {
	UT_hash_handle hh;
	struct pending_entry *prev, *next;
	uint64_t before;   /* position of the source in front of the record */
	int64_t queued_ns; /* CLOCK_MONOTONIC */
	int64_t time_ns;
	size_t size; /* of this allocation */
	size_t key_len, value_len, part_count;
	struct key_part parts[]; /* followed by key and value */
};

struct pending {
	struct pending_entry *table; /* by key */
	struct pending_entry *head;  /* utlist, by position */
	size_t count;
	size_t bytes;
	uint64_t given_back; /* the source has given back what is in front of this, safe or not */
	size_t exposed;	     /* entries from there: this memory has the only copy */
};

enum pending_result { PENDING_ADDED, PENDING_SUPERSEDED, PENDING_OLDER };

/* A copy of the record, not in any table. NULL without memory. */
struct pending_entry *pending_entry_new(const struct writer_record *record, uint64_t before,
					int64_t queued_ns);
size_t pending_entry_size(const struct writer_record *record);
/* As dict_write() takes it; its outcome is PENDING. */
void pending_entry_fill(const struct pending_entry *entry, struct dict_entry *entry_r);

/* Has the source given back the entry's record? */
bool pending_is_exposed(const struct pending *pending, const struct pending_entry *entry);

/* From now on all entries are exposed; position is the source's behind them. */
void pending_expose(struct pending *pending, uint64_t position);

/* Is there an entry of that key? */
bool pending_has(const struct pending *pending, struct slice key);

/* Puts the entry at the end and owns it. SUPERSEDED: an older one was freed; OLDER: a newer or
 * equal one was there and this one was freed. -ENOMEM: it was freed, an older one stays. */
int pending_add(struct pending *pending, struct pending_entry *entry);

/* Moves up to max entries from the front into batch. Returns how many. */
size_t pending_take(struct pending *pending, struct pending_entry **batch, size_t max);

/* What pending_put_back() freed. */
struct pending_freed {
	size_t superseded; /* a newer one of the key came in meanwhile, or is put back */
	size_t nomem;
};

/* Puts entries of the last pending_take() back to the front; of two with one key the newer one
 * stays. NULL elements are skipped. */
struct pending_freed pending_put_back(struct pending *pending, struct pending_entry **batch,
				      size_t count);

/* Removes what stands under such keys. Returns how many. */
size_t pending_remove(struct pending *pending, const struct dict_removal *what);

void pending_clear(struct pending *pending);

#endif
