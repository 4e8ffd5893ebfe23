/* SPDX-License-Identifier: MIT */
/* The records of a user out of a store: found by what is known of their keys, then removed. */
#include <errno.h>
#include <stdlib.h>

#include "base/buf.h"
#include "store/dict.h"
#include "store/dict_key.h"

#define TEXT_MAX (64UL << 20)

/* Keys that are the user's. */
struct finding {
	struct buf text; /* one behind the other */
	size_t *lens;
	size_t count, size;
	size_t doubtful;
	char example[128];
	int ret;
};

static void note_doubtful(struct finding *finding, struct slice key)
{
	size_t len =
		key.len < sizeof(finding->example) - 1 ? key.len : sizeof(finding->example) - 1;

	if (finding->doubtful++ > 0)
		return;
	memcpy(finding->example, key.ptr, len);
	finding->example[len] = '\0';
}

static int add(struct finding *finding, struct slice key)
{
	size_t size = finding->size ? 2 * finding->size : 32, *lens;

	if (finding->count == finding->size) {
		lens = reallocarray(finding->lens, size, sizeof(*lens));
		if (!lens)
			return -ENOMEM;
		finding->lens = lens;
		finding->size = size;
	}
	finding->lens[finding->count++] = key.len;
	return buf_append_slice(&finding->text, key);
}

static void on_record(const struct dict_record *record, void *context)
{
	struct finding *finding = context;

	enum dict_key_verdict verdict = record->asked && record->asked->open
						? dict_key_judge(record->asked, record->key)
						: DICT_KEY_SURE;

	if (verdict == DICT_KEY_DOUBTFUL)
		note_doubtful(finding, record->key);
	else if (verdict == DICT_KEY_SURE && finding->ret == 0)
		finding->ret = add(finding, record->key);
}

static int unset_found(struct dict *dict, const struct finding *finding, int64_t deadline_ns,
		       struct error *error_r)
{
	struct slice *keys = calloc(finding->count + 1, sizeof(*keys));
	const char *text = buf_str(&finding->text);
	int ret;

	if (!keys)
		return error_set(error_r, ENOMEM, "out of memory");
	for (size_t i = 0; i < finding->count; i++) {
		keys[i] = (struct slice){text, finding->lens[i]};
		text += finding->lens[i];
	}
	ret = finding->count > 0
		      ? dict->driver->unset(dict, keys, finding->count, deadline_ns, error_r)
		      : 0;
	free(keys);
	return ret;
}

static int fail_doubtful(const struct dict *dict, const struct finding *finding,
			 struct error *error_r)
{
	return error_set(error_r, EEXIST,
			 "dict %s: %zu keys such as %s may be somebody else's and stay: remove "
			 "them by hand",
			 dict->driver->name, finding->doubtful, finding->example);
}

static int find_and_unset(struct dict *dict, const struct dict_removal *what, int64_t deadline_ns,
			  struct error *error_r)
{
	struct finding finding = {.count = 0};
	int ret;

	buf_init(&finding.text, TEXT_MAX);
	ret = dict_search(dict, what->user, what->keys, what->key_count, deadline_ns, on_record,
			  &finding, error_r);
	if (ret >= 0 && finding.ret < 0)
		ret = error_set(error_r, -finding.ret, "out of memory");
	if (ret >= 0)
		ret = what->dry_run ? (int)finding.count
				    : unset_found(dict, &finding, deadline_ns, error_r);
	if (ret >= 0 && finding.doubtful > 0)
		ret = fail_doubtful(dict, &finding, error_r);
	free(finding.lens);
	buf_release(&finding.text);
	return ret;
}

/* --- records that no store has yet ----------------------------------------------------------- */

static bool is_of_user(const struct dict_removal *what, const struct dict_entry *entry)
{
	struct slice user;

	return dict_entry_part(entry, "user", &user) && slice_equal(user, what->user);
}

static bool fits(const struct dict_key *key, const struct dict_entry *entry, bool of_user)
{
	struct dict_key_pieces pieces;

	if (!key->open)
		return slice_equal(key->text, entry->key);
	if (!of_user)
		return dict_key_judge(key, entry->key) == DICT_KEY_SURE;
	dict_key_split(key, &pieces);
	return dict_key_fits(&pieces, entry->key);
}

bool dict_removal_concerns(const struct dict_removal *what, const struct dict_entry *entry)
{
	bool of_user = is_of_user(what, entry);

	if (entry->time_ns > what->until_ns)
		return false;
	if (of_user && history_is_key(entry->key)) /* its id stands in no key that is asked for */
		return true;
	for (size_t i = 0; i < what->key_count; i++) {
		if (fits(&what->keys[i], entry, of_user))
			return true;
	}
	return false;
}

int dict_remove(struct dict *dict, const struct dict_removal *what, int64_t deadline_ns,
		struct error *error_r)
{
	int ret = what->may_be_absent ? 0 : dict_require(dict, deadline_ns, error_r);

	if (ret < 0)
		return ret;
	if (dict->driver->remove)
		return dict->driver->remove(dict, what, deadline_ns, error_r);
	if (dict->driver->unset)
		return find_and_unset(dict, what, deadline_ns, error_r);
	return error_set(error_r, EOPNOTSUPP, "dict %s cannot remove the records of a user",
			 dict->driver->name);
}
