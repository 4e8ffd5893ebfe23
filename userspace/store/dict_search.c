/* SPDX-License-Identifier: MIT */
/* Records of somebody who is not logging in: what a store is asked by a part of its keys. */
#include <errno.h>
#include <stdlib.h>

#include "store/dict.h"

/* The variable of the first open part, for people. */
static const char *open_variable(const struct dict_key *key)
{
	for (size_t i = 0; i < key->part_count; i++) {
		if (key->open >> i & 1)
			return key->parts[i].variable;
	}
	return NULL;
}

struct whole_keys {
	const struct dict_key *keys;
	size_t count;
	dict_record_cb *cb;
	void *context;
};

static void on_record(const struct dict_record *record, void *context)
{
	const struct whole_keys *whole = context;
	struct dict_record out = *record;

	for (size_t i = 0; i < whole->count && !out.asked; i++) {
		if (slice_equal(record->key, whole->keys[i].text))
			out.asked = &whole->keys[i];
	}
	whole->cb(&out, whole->context);
}

static int look_up(struct dict *dict, struct slice user, struct whole_keys *whole,
		   int64_t deadline_ns, struct error *error_r)
{
	struct slice *texts = calloc(whole->count, sizeof(*texts));
	int ret;

	if (!texts)
		return error_set(error_r, ENOMEM, "out of memory");
	for (size_t i = 0; i < whole->count; i++)
		texts[i] = whole->keys[i].text;
	ret = dict_lookup(dict, user, texts, whole->count, deadline_ns, on_record, whole, error_r);
	free(texts);
	return ret;
}

int dict_search(struct dict *dict, struct slice user, const struct dict_key *keys, size_t key_count,
		int64_t deadline_ns, dict_record_cb *cb, void *context, struct error *error_r)
{
	struct whole_keys whole = {keys, key_count, cb, context};
	const char *variable = NULL;

	if (key_count == 0)
		return error_set(error_r, EOPNOTSUPP, "dict %s: no key leads to a record of a user",
				 dict->driver->name);
	if (dict->driver->search)
		return dict->driver->search(dict, user, keys, key_count, deadline_ns, cb, context,
					    error_r);
	for (size_t i = 0; i < key_count && !variable; i++)
		variable = open_variable(&keys[i]);
	if (variable)
		return error_set(error_r, EOPNOTSUPP,
				 "dict %s finds a record by its whole key, and nobody knows the %s "
				 "in last_login_key without a login: it cannot be asked",
				 dict->driver->name, *variable ? variable : "text");
	return look_up(dict, user, &whole, deadline_ns, error_r);
}

bool dict_scans(const struct dict *dict)
{
	return dict->driver->caps & DICT_CAP_SCANS;
}

bool dict_has_columns(const struct dict *dict)
{
	return dict->driver->caps & DICT_CAP_COLUMNS;
}

int64_t dict_list(struct dict *dict, const struct dict_listing *listing, int64_t idle_ns,
		  dict_record_cb *cb, void *context, struct error *error_r)
{
	if (!dict->driver->list)
		return error_set(error_r, EOPNOTSUPP,
				 "dict %s cannot list every user: name them, such as by "
				 "doveadm user '*' | dovetap ... -",
				 dict->driver->name);
	return dict->driver->list(dict, listing, idle_ns, cb, context, error_r);
}
