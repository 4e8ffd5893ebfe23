/* SPDX-License-Identifier: MIT */
/* "memory:" keeps records in this process until it ends: for tests and for trying things out. */
#include <errno.h>
#include <stdlib.h>

#include "base/hash.h"
#include "store/drivers/drivers.h"
#include "store/stamp.h"

struct record {
	UT_hash_handle hh;
	char *key;
	char *value;
	size_t value_len;
	int64_t time_ns;
};

struct memory {
	struct dict dict;
	struct record *records;
};

static int memory_open(const struct dict_config *config, struct dict **dict_r,
		       struct error *error_r)
{
	struct memory *memory;

	if (config->uri && strcmp(config->uri, "memory:") != 0)
		return error_set(error_r, EINVAL, "Unknown parameter: %s (it takes none)",
				 strchr(config->uri, ':') + 1);
	memory = calloc(1, sizeof(*memory));
	if (!memory)
		return error_set(error_r, ENOMEM, "out of memory");
	*dict_r = &memory->dict;
	return 0;
}

static char *copy(struct slice text)
{
	char *bytes = malloc(text.len + 1);

	if (bytes && text.len > 0)
		memcpy(bytes, text.ptr, text.len);
	return bytes;
}

static struct record *record_find(struct memory *memory, struct slice key)
{
	struct record *record;

	HASH_FIND(hh, memory->records, key.ptr, key.len, record);
	return record;
}

static struct record *record_add(struct memory *memory, struct slice key)
{
	struct record *record = calloc(1, sizeof(*record));

	if (!record)
		return NULL;
	record->key = copy(key);
	record->time_ns = INT64_MIN;
	if (record->key)
		HASH_ADD_KEYPTR(hh, memory->records, record->key, key.len, record);
	if (hash_added(record))
		return record;
	free(record->key);
	free(record);
	return NULL;
}

static int put(struct memory *memory, struct dict_entry *entry)
{
	struct record *record = record_find(memory, entry->key);
	char *value;

	if (record && record->time_ns >= entry->time_ns && !memory->dict.strict) {
		dict_entry_set(entry, DICT_UNCHANGED, "%s", "");
		return 0;
	}
	value = copy(entry->value);
	if (!record && value)
		record = record_add(memory, entry->key);
	if (!record || !value) {
		free(value);
		return -ENOMEM;
	}
	free(record->value);
	record->value = value;
	record->value_len = entry->value.len;
	record->time_ns = entry->time_ns;
	dict_entry_set(entry, DICT_STORED, "%s", "");
	return 0;
}

static int memory_write(struct dict *dict, struct dict_entry *entries, size_t count,
			int64_t deadline_ns, struct error *error_r)
{
	(void)deadline_ns;
	for (size_t i = 0; i < count; i++) {
		if (put((struct memory *)dict, &entries[i]) < 0)
			return error_set(error_r, ENOMEM, "out of memory");
	}
	return 0;
}

static int memory_lookup(struct dict *dict, struct slice user, const struct slice *keys,
			 size_t key_count, int64_t deadline_ns, dict_record_cb *cb, void *context,
			 struct error *error_r)
{
	int found = 0;

	(void)user;
	(void)deadline_ns;
	(void)error_r;
	for (size_t i = 0; i < key_count; i++) {
		struct record *record = record_find((struct memory *)dict, keys[i]);
		struct dict_record out = {.key = keys[i]};

		if (!record)
			continue;
		out.value = (struct slice){record->value, record->value_len};
		out.time_ns = stamp_to_ns(out.value);
		cb(&out, context);
		found++;
	}
	return found;
}

static void record_free(struct record *record)
{
	free(record->key);
	free(record->value);
	free(record);
}

static int memory_unset(struct dict *dict, const struct slice *keys, size_t key_count,
			int64_t deadline_ns, struct error *error_r)
{
	struct memory *memory = (struct memory *)dict;
	int removed = 0;

	(void)deadline_ns;
	(void)error_r;
	for (size_t i = 0; i < key_count; i++) {
		struct record *record = record_find(memory, keys[i]);

		if (!record)
			continue;
		HASH_DEL(memory->records, record);
		record_free(record);
		removed++;
	}
	return removed;
}

static void memory_close(struct dict *dict)
{
	struct memory *memory = (struct memory *)dict;
	struct record *record = memory->records, *next;

	HASH_CLEAR(hh, memory->records); /* the table; the chain of its elements stays */
	for (; record; record = next) {
		next = record->hh.next;
		record_free(record);
	}
	free(memory);
}

const struct dict_driver memory_driver = {
	.name = "memory",
	.caps = DICT_CAP_NEWEST_WINS,
	.open = memory_open,
	.write = memory_write,
	.lookup = memory_lookup,
	.unset = memory_unset,
	.close = memory_close,
};
