/* SPDX-License-Identifier: MIT */
#include "store/compare.h"

#include <errno.h>
#include <stdlib.h>

/* One key of the batch: its newest entry stands for all entries of that key. */
struct candidate {
	struct dict_entry *entry;
	size_t index; /* of the entry in the batch */
	bool chosen;
};

struct comparison {
	struct candidate *all; /* by key, then newest first */
	size_t count;
};

static int compare_keys(struct slice a, struct slice b)
{
	size_t shorter = a.len < b.len ? a.len : b.len;
	int order = shorter ? memcmp(a.ptr, b.ptr, shorter) : 0;

	return order ? order : (a.len > b.len) - (a.len < b.len);
}

static int by_key_newest_first(const void *left, const void *right)
{
	const struct candidate *a = left, *b = right;
	int order = compare_keys(a->entry->key, b->entry->key);

	if (order != 0)
		return order;
	if (a->entry->time_ns != b->entry->time_ns)
		return a->entry->time_ns > b->entry->time_ns ? -1 : 1;
	return (a->index > b->index) - (a->index < b->index);
}

static bool same_key(const struct candidate *a, const struct candidate *b)
{
	return slice_equal(a->entry->key, b->entry->key);
}

static int comparison_init(struct comparison *comparison, struct dict_entry *entries, size_t count)
{
	comparison->count = count;
	comparison->all = calloc(count, sizeof(*comparison->all));
	if (!comparison->all)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		comparison->all[i] = (struct candidate){.entry = &entries[i], .index = i};
	qsort(comparison->all, count, sizeof(*comparison->all), by_key_newest_first);
	for (size_t i = 0; i < count; i++)
		comparison->all[i].chosen =
			i == 0 || !same_key(&comparison->all[i - 1], &comparison->all[i]);
	return 0;
}

static int by_key(const void *key, const void *element)
{
	return compare_keys(*(const struct slice *)key,
			    ((const struct candidate *)element)->entry->key);
}

/* The store has this record: the entries of its key that are not newer are done. */
static void drop_older(const struct dict_record *record, void *context)
{
	struct comparison *comparison = context;
	struct candidate *found = bsearch(&record->key, comparison->all, comparison->count,
					  sizeof(*comparison->all), by_key);

	if (!found)
		return;
	while (found > comparison->all && same_key(found - 1, found))
		found--;
	if (!dict_entry_newer(found->entry, record->value))
		dict_entry_set(found->entry, DICT_UNCHANGED, "%s", "");
}

static int read_store(struct dict *dict, const struct compare_store *store,
		      struct comparison *comparison, int64_t deadline_ns, struct error *error_r)
{
	struct slice *keys = calloc(comparison->count, sizeof(*keys));
	size_t count = 0;
	int ret;

	if (!keys)
		return error_set(error_r, ENOMEM, "out of memory");
	for (size_t i = 0; i < comparison->count; i++) {
		if (comparison->all[i].chosen)
			keys[count++] = comparison->all[i].entry->key;
	}
	ret = store->lookup(dict, (struct slice){NULL, 0}, keys, count, deadline_ns, drop_older,
			    comparison, error_r);
	free(keys);
	return ret < 0 ? ret : 0;
}

static bool to_write(const struct candidate *candidate)
{
	return candidate->chosen && candidate->entry->outcome == DICT_PENDING;
}

static int write_newer(struct dict *dict, const struct compare_store *store,
		       struct comparison *comparison, int64_t deadline_ns, struct error *error_r)
{
	struct dict_entry *batch = calloc(comparison->count, sizeof(*batch));
	size_t count = 0, next = 0;
	int ret = 0;

	if (!batch)
		return error_set(error_r, ENOMEM, "out of memory");
	for (size_t i = 0; i < comparison->count; i++) {
		if (to_write(&comparison->all[i]))
			batch[count++] = *comparison->all[i].entry;
	}
	if (count > 0)
		ret = store->write(dict, batch, count, deadline_ns, error_r);
	for (size_t i = 0; i < comparison->count; i++) {
		if (to_write(&comparison->all[i]))
			*comparison->all[i].entry = batch[next++];
	}
	free(batch);
	return ret;
}

/* What was not chosen shares the fate of the chosen one, which is newer. */
static void finish_others(struct comparison *comparison)
{
	const struct dict_entry *chosen = comparison->all[0].entry;

	for (size_t i = 0; i < comparison->count; i++) {
		struct dict_entry *entry = comparison->all[i].entry;

		if (comparison->all[i].chosen)
			chosen = entry;
		else if (chosen->outcome == DICT_STORED)
			dict_entry_set(entry, DICT_UNCHANGED, "%s", "");
		else
			dict_entry_set(entry, chosen->outcome, "%s", chosen->reason);
	}
}

int compare_write(struct dict *dict, const struct compare_store *store, struct dict_entry *entries,
		  size_t count, int64_t deadline_ns, struct error *error_r)
{
	struct comparison comparison;
	int ret = comparison_init(&comparison, entries, count);

	if (ret < 0)
		return error_set(error_r, -ret, "out of memory");
	ret = read_store(dict, store, &comparison, deadline_ns, error_r);
	if (ret == 0)
		ret = write_newer(dict, store, &comparison, deadline_ns, error_r);
	finish_others(&comparison);
	free(comparison.all);
	return ret;
}
