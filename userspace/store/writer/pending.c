/* SPDX-License-Identifier: MIT */
#include "store/writer/pending.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <utlist.h>

#include "store/dict.h"

/* UNSAFE: key and value lie behind the parts, in room that pending_entry_new() made for them. */
static char *entry_key(const struct pending_entry *entry)
{
	return (char *)(uintptr_t)(entry->parts + entry->part_count);
}

size_t pending_entry_size(const struct writer_record *record)
{
	return sizeof(struct pending_entry) + record->part_count * sizeof(struct key_part) +
	       record->key.len + record->value.len;
}

struct pending_entry *pending_entry_new(const struct writer_record *record, uint64_t before,
					int64_t queued_ns)
{
	size_t size = pending_entry_size(record);
	struct pending_entry *entry = malloc(size);

	if (!entry)
		return NULL;
	*entry = (struct pending_entry){
		.before = before,
		.queued_ns = queued_ns,
		.time_ns = record->time_ns,
		.size = size,
		.key_len = record->key.len,
		.value_len = record->value.len,
		.part_count = record->part_count,
	};
	if (record->part_count > 0)
		memcpy(entry->parts, record->parts, record->part_count * sizeof(*record->parts));
	if (record->key.len > 0)
		memcpy(entry_key(entry), record->key.ptr, record->key.len);
	if (record->value.len > 0)
		memcpy(entry_key(entry) + record->key.len, record->value.ptr, record->value.len);
	return entry;
}

void pending_entry_fill(const struct pending_entry *entry, struct dict_entry *entry_r)
{
	entry_r->key = (struct slice){entry_key(entry), entry->key_len};
	entry_r->value = (struct slice){entry_key(entry) + entry->key_len, entry->value_len};
	entry_r->time_ns = entry->time_ns;
	entry_r->parts = entry->parts;
	entry_r->part_count = entry->part_count;
	dict_entry_set(entry_r, DICT_PENDING, "%s", "");
}

static struct pending_entry *find(const struct pending *pending, struct slice key)
{
	struct pending_entry *entry;

	HASH_FIND(hh, pending->table, key.ptr, key.len, entry);
	return entry;
}

bool pending_has(const struct pending *pending, struct slice key)
{
	return find(pending, key) != NULL;
}

bool pending_is_exposed(const struct pending *pending, const struct pending_entry *entry)
{
	return entry->before < pending->given_back;
}

void pending_expose(struct pending *pending, uint64_t position)
{
	pending->given_back = position;
	pending->exposed = pending->count;
}

static void unlink_entry(struct pending *pending, struct pending_entry *entry)
{
	assert(pending->table && pending->head);
	HASH_DEL(pending->table, entry);
	DL_DELETE(pending->head, entry);
	pending->count--;
	pending->bytes -= entry->size;
	pending->exposed -= pending_is_exposed(pending, entry);
}

static bool hash_entry(struct pending *pending, struct pending_entry *entry)
{
	HASH_ADD_KEYPTR(hh, pending->table, entry_key(entry), entry->key_len, entry);
	if (!hash_added(entry))
		return false;
	pending->count++;
	pending->bytes += entry->size;
	pending->exposed += pending_is_exposed(pending, entry);
	return true;
}

int pending_add(struct pending *pending, struct pending_entry *entry)
{
	struct pending_entry *old = find(pending, (struct slice){entry_key(entry), entry->key_len});

	if (old && old->time_ns >= entry->time_ns) {
		free(entry);
		return PENDING_OLDER;
	}
	/* For a moment the table has both. */
	if (!hash_entry(pending, entry)) {
		free(entry);
		return -ENOMEM;
	}
	if (old) {
		unlink_entry(pending, old);
		free(old);
	}
	DL_APPEND(pending->head, entry);
	return old ? PENDING_SUPERSEDED : PENDING_ADDED;
}

size_t pending_take(struct pending *pending, struct pending_entry **batch, size_t max)
{
	size_t count = 0;

	while (count < max && pending->head) {
		batch[count] = pending->head;
		unlink_entry(pending, batch[count++]);
	}
	return count;
}

static void put_back(struct pending *pending, struct pending_entry *entry,
		     struct pending_freed *freed)
{
	struct pending_entry *other =
		find(pending, (struct slice){entry_key(entry), entry->key_len});

	/* The one that came in later may be the older login. */
	if (other && other->time_ns >= entry->time_ns) {
		freed->superseded++;
		free(entry);
	} else if (!hash_entry(pending, entry)) {
		freed->nomem++;
		free(entry);
	} else {
		if (other) {
			unlink_entry(pending, other);
			free(other);
			freed->superseded++;
		}
		DL_PREPEND(pending->head, entry);
	}
}

struct pending_freed pending_put_back(struct pending *pending, struct pending_entry **batch,
				      size_t count)
{
	struct pending_freed freed = {0};

	while (count-- > 0) {
		if (batch[count])
			put_back(pending, batch[count], &freed);
		batch[count] = NULL;
	}
	return freed;
}

size_t pending_remove(struct pending *pending, const struct dict_removal *what)
{
	struct pending_entry *entry, *next;
	size_t removed = 0;

	DL_FOREACH_SAFE(pending->head, entry, next) {
		struct dict_entry as_written = {.time_ns = 0};

		pending_entry_fill(entry, &as_written);
		if (!dict_removal_concerns(what, &as_written))
			continue;
		unlink_entry(pending, entry);
		free(entry);
		removed++;
	}
	return removed;
}

void pending_clear(struct pending *pending)
{
	struct pending_entry *entry;

	while ((entry = pending->head)) {
		unlink_entry(pending, entry);
		free(entry);
	}
}
