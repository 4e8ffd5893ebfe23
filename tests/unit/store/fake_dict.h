/* SPDX-License-Identifier: MIT */
/*
 * A dict that keeps its records in an array and fails as told. Its fields may be read and changed
 * from any thread with fake_lock held.
 */
#ifndef DOVETAP_FAKE_DICT_H
#define DOVETAP_FAKE_DICT_H

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

#include "store/dict.h"

#define FAKE_RECORDS 4096

struct fake_record {
	char key[64];
	char value[64];
	int64_t time_ns;
	unsigned int writes;
};

struct fake_dict {
	struct dict dict;
	bool down;	    /* write() fails as a whole */
	useconds_t pause;   /* of every write(); set before it starts */
	const char *poison; /* the key that gets this outcome */
	enum dict_outcome poison_outcome;
	unsigned int calls;
	size_t largest_batch;
	struct fake_record records[FAKE_RECORDS];
	size_t count;
	unsigned int old;      /* records that expire() removes */
	int expire_error;      /* a negative errno that it returns instead */
	unsigned int expiries; /* calls */
	unsigned int removals; /* calls */
};

static pthread_mutex_t fake_lock = PTHREAD_MUTEX_INITIALIZER;

static struct fake_record *fake_find(struct fake_dict *fake, struct slice key)
{
	for (size_t i = 0; i < fake->count; i++) {
		if (slice_is(key, fake->records[i].key))
			return &fake->records[i];
	}
	return NULL;
}

static void fake_put(struct fake_dict *fake, struct dict_entry *entry)
{
	struct fake_record *record = fake_find(fake, entry->key);

	if (fake->poison && slice_is(entry->key, fake->poison)) {
		dict_entry_set(entry, fake->poison_outcome, "poisoned");
		return;
	}
	if (!record) {
		record = &fake->records[fake->count++];
		snprintf(record->key, sizeof(record->key), "%.*s", (int)entry->key.len,
			 entry->key.ptr);
		record->time_ns = -1;
	}
	record->writes++;
	dict_entry_set(entry, record->time_ns < entry->time_ns ? DICT_STORED : DICT_UNCHANGED, "%s",
		       "");
	if (entry->outcome == DICT_UNCHANGED)
		return;
	record->time_ns = entry->time_ns;
	snprintf(record->value, sizeof(record->value), "%.*s", (int)entry->value.len,
		 entry->value.ptr);
}

static int fake_write(struct dict *dict, struct dict_entry *entries, size_t count,
		      int64_t deadline_ns, struct error *error_r)
{
	struct fake_dict *fake = (struct fake_dict *)dict;
	int ret = 0;

	(void)deadline_ns;
	usleep(fake->pause);
	pthread_mutex_lock(&fake_lock);
	fake->calls++;
	if (count > fake->largest_batch)
		fake->largest_batch = count;
	if (fake->down)
		ret = error_set(error_r, ECONNREFUSED, "fake is down: Permission denied");
	for (size_t i = 0; i < count && ret == 0; i++)
		fake_put(fake, &entries[i]);
	pthread_mutex_unlock(&fake_lock);
	return ret;
}

static int fake_expire(struct dict *dict, const struct dict_expiry *expiry, int64_t deadline_ns,
		       struct error *error_r)
{
	struct fake_dict *fake = (struct fake_dict *)dict;
	int ret;

	(void)deadline_ns;
	pthread_mutex_lock(&fake_lock);
	fake->expiries++;
	ret = fake->old < expiry->limit ? (int)fake->old : (int)expiry->limit;
	fake->old -= (unsigned int)ret;
	if (fake->expire_error < 0)
		ret = error_set(error_r, -fake->expire_error, "fake cannot");
	pthread_mutex_unlock(&fake_lock);
	return ret;
}

/* The test owns the struct: it looks at it after the writer is gone. */
static void fake_close(struct dict *dict)
{
	(void)dict;
}

/* Takes the keys for whole. */
static int fake_remove(struct dict *dict, const struct dict_removal *what, int64_t deadline_ns,
		       struct error *error_r)
{
	struct fake_dict *fake = (struct fake_dict *)dict;
	int removed = 0;

	(void)deadline_ns;
	pthread_mutex_lock(&fake_lock);
	fake->removals++;
	for (size_t i = 0; i < what->key_count && !fake->down; i++) {
		struct fake_record *record = fake_find(fake, what->keys[i].text);

		if (record)
			*record = fake->records[--fake->count];
		removed += record != NULL;
	}
	if (fake->down)
		removed = error_set(error_r, ECONNREFUSED, "down");
	pthread_mutex_unlock(&fake_lock);
	return removed;
}

static const struct dict_driver fake_driver = {
	.name = "fake",
	.caps = DICT_CAP_NEWEST_WINS,
	.write = fake_write,
	.expire = fake_expire,
	.remove = fake_remove,
	.close = fake_close,
};

static inline void fake_set_down(struct fake_dict *fake, bool down)
{
	pthread_mutex_lock(&fake_lock);
	fake->down = down;
	pthread_mutex_unlock(&fake_lock);
}

#endif
