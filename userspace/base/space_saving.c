/* SPDX-License-Identifier: MIT */
#include "base/space_saving.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/hash.h"

struct counter {
	UT_hash_handle hh;
	uint64_t error;
	size_t len;
	char key[SPACE_SAVING_KEY_MAX];
};

struct space_saving {
	struct counter *by_key;
	size_t size, used;
	uint64_t total;
	/* Beside the counters, so that finding the smallest reads little memory. */
	uint64_t *counts;
	struct counter counters[];
};

int space_saving_new(size_t counters, struct space_saving **sketch_r, struct error *error_r)
{
	struct space_saving *sketch =
		calloc(1, sizeof(*sketch) + counters * sizeof(struct counter));

	if (sketch)
		sketch->counts = calloc(counters, sizeof(*sketch->counts));
	if (!sketch || !sketch->counts) {
		space_saving_free(&sketch);
		return error_set(error_r, ENOMEM, "out of memory for %zu counters", counters);
	}
	sketch->size = counters;
	*sketch_r = sketch;
	return 0;
}

void space_saving_reset(struct space_saving *sketch)
{
	HASH_CLEAR(hh, sketch->by_key);
	sketch->used = 0;
	sketch->total = 0;
}

void space_saving_free(struct space_saving **sketch)
{
	if (!*sketch)
		return;
	HASH_CLEAR(hh, (*sketch)->by_key);
	free((*sketch)->counts);
	free(*sketch);
	*sketch = NULL;
}

static struct slice cut(struct slice key)
{
	if (key.len > SPACE_SAVING_KEY_MAX)
		key.len = SPACE_SAVING_KEY_MAX;
	return key;
}

static struct counter *find(const struct space_saving *sketch, struct slice key)
{
	struct counter *counter;

	HASH_FIND(hh, sketch->by_key, key.ptr, key.len, counter);
	return counter;
}

static size_t smallest(const struct space_saving *sketch)
{
	size_t found = 0;

	for (size_t i = 1; i < sketch->used; i++) {
		if (sketch->counts[i] < sketch->counts[found])
			found = i;
	}
	return found;
}

/* The first free counter, or the smallest with what it has counted. */
static size_t take_over(struct space_saving *sketch)
{
	size_t index;

	if (sketch->used < sketch->size) {
		sketch->counts[sketch->used] = 0;
		return sketch->used++;
	}
	index = smallest(sketch);
	/* One for which there was no memory is in no table. */
	if (hash_added(&sketch->counters[index]))
		HASH_DELETE(hh, sketch->by_key, &sketch->counters[index]);
	return index;
}

/* UNSAFE: key was cut to the room that there is. */
static size_t assign(struct space_saving *sketch, struct slice key)
{
	size_t index = take_over(sketch);
	struct counter *counter = &sketch->counters[index];

	counter->error = sketch->counts[index];
	counter->len = key.len;
	if (key.len > 0)
		memcpy(counter->key, key.ptr, key.len);
	HASH_ADD_KEYPTR(hh, sketch->by_key, counter->key, counter->len, counter);
	return index;
}

void space_saving_add(struct space_saving *sketch, struct slice whole)
{
	struct slice key = cut(whole);
	const struct counter *counter = find(sketch, key);
	size_t index = counter ? (size_t)(counter - sketch->counters) : assign(sketch, key);

	sketch->counts[index]++;
	sketch->total++;
}

/* UNSAFE: the new name is shorter than the room that there is. */
void space_saving_forget(struct space_saving *sketch, struct slice key)
{
	struct counter *counter = find(sketch, cut(key));

	if (!counter)
		return;
	HASH_DELETE(hh, sketch->by_key, counter);
	memset(counter->key, 0, sizeof(counter->key));
	counter->len = (size_t)snprintf(counter->key, sizeof(counter->key), "forgotten-%td",
					counter - sketch->counters);
	HASH_ADD_KEYPTR(hh, sketch->by_key, counter->key, counter->len, counter);
}

uint64_t space_saving_total(const struct space_saving *sketch)
{
	return sketch->total;
}

uint64_t space_saving_bound(const struct space_saving *sketch)
{
	return sketch->used < sketch->size ? 0 : sketch->counts[smallest(sketch)];
}

/* What a sketch knows of a key, whether it has a counter or not. */
static void add_knowledge(const struct space_saving *sketch, uint64_t bound,
			  struct space_saving_item *item)
{
	const struct counter *counter = find(sketch, item->key);

	item->count += counter ? sketch->counts[counter - sketch->counters] : bound;
	item->error += counter ? counter->error : bound;
}

static int by_count(const void *left, const void *right)
{
	const struct space_saving_item *a = left, *b = right;

	return (a->count < b->count) - (a->count > b->count);
}

/* Appends the keys of one sketch that the other has not. */
static size_t list_keys(const struct space_saving *sketch, const struct space_saving *other,
			struct space_saving_item *items, size_t count)
{
	for (size_t i = 0; i < sketch->used; i++) {
		const struct counter *counter = &sketch->counters[i];
		struct slice key = {counter->key, counter->len};

		if (!other || !find(other, key))
			items[count++] = (struct space_saving_item){.key = key};
	}
	return count;
}

int space_saving_top(const struct space_saving *a, const struct space_saving *b,
		     struct space_saving_item *items, size_t max)
{
	uint64_t bound_a = space_saving_bound(a), bound_b = b ? space_saving_bound(b) : 0;
	struct space_saving_item *all;
	size_t count;

	all = calloc(a->used + (b ? b->used : 0) + 1, sizeof(*all));
	if (!all)
		return -ENOMEM;
	count = list_keys(a, NULL, all, 0);
	if (b)
		count = list_keys(b, a, all, count);
	for (size_t i = 0; i < count; i++) {
		add_knowledge(a, bound_a, &all[i]);
		if (b)
			add_knowledge(b, bound_b, &all[i]);
	}
	qsort(all, count, sizeof(*all), by_count);
	if (count > max)
		count = max;
	memcpy(items, all, count * sizeof(*all));
	free(all);
	return (int)count;
}
