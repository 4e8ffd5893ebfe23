/* SPDX-License-Identifier: MIT */
/*
 * "file:PATH[:lock=fcntl|lock=flock]": all records in one text file (file_format.h), replaced as a
 * whole for each batch under a lock that Dovecot shares (file_lock.h). The comparison of times
 * happens under that lock, so the newest wins among any number of writers.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/hash.h"
#include "conf/tree.h"
#include "store/dict_key.h"
#include "store/drivers/drivers.h"
#include "store/drivers/file_format.h"
#include "store/drivers/file_lock.h"
#include "store/option.h"
#include "store/path.h"
#include "store/stamp.h"

#define FILE_MAX (1UL << 30)

struct settings {
	char *path;
	char *lock;
};

/* One allocation each: the struct, then the key, then the value. */
struct record {
	UT_hash_handle hh;
	size_t key_len, value_len;
	char key[];
};

struct file {
	struct dict dict;
	char *path;
	enum file_lock_method method;
	struct record *records; /* of the file as it was when stamp was taken */
	struct stat stamp;
	struct buf text;
};

#define AT(field) offsetof(struct settings, field)

static const struct option options[] = {
	{NULL, "dict_file_path", OPTION_STRING, AT(path), .fallback = ""},
	{NULL, "path", OPTION_STRING, AT(path), .fallback = NULL},
	{NULL, "dict_file_lock_method", OPTION_STRING, AT(lock), .fallback = "dotlock"},
	{NULL, "lock_method", OPTION_STRING, AT(lock), .fallback = NULL},
	{0},
};

static const struct {
	const char *name;
	enum file_lock_method method;
	bool in_uri;
} methods[] = {
	{"dotlock", FILE_LOCK_DOTLOCK, false},
	{"fcntl", FILE_LOCK_FCNTL, true},
	{"flock", FILE_LOCK_FLOCK, true},
};

#define METHODS (sizeof(methods) / sizeof(methods[0]))

/* --- settings ------------------------------------------------------------------------------ */

static int find_method(struct file *file, const char *name, bool in_uri)
{
	for (size_t i = 0; i < METHODS; i++) {
		if (strcmp(methods[i].name, name) != 0 || (in_uri && !methods[i].in_uri))
			continue;
		file->method = methods[i].method;
		return 0;
	}
	return -EINVAL;
}

/* Owns path. */
static int take_path(struct file *file, char *path, const char *home, struct error *error_r)
{
	int ret = 0;

	if (path[0] == '\0')
		ret = error_set(error_r, EINVAL, "the path is missing (use file:/PATH)");
	else if (!(file->path = path_expand(path, home)))
		ret = error_set(error_r, ENOMEM, "out of memory");
	free(path);
	return ret;
}

/* Dovecot's own text loses the first letter of the parameter; ours shows all of it. */
static int read_uri(struct file *file, const char *rest, const char *home, struct error *error_r)
{
	size_t len = strcspn(rest, ":");
	const char *lock = rest[len] ? rest + len + 1 : NULL;
	char *path;

	if (lock && (strncmp(lock, "lock=", 5) != 0 || find_method(file, lock + 5, true) < 0))
		return error_set(error_r, EINVAL,
				 "Invalid parameter: %s (expected lock=fcntl or lock=flock)", lock);
	path = strndup(rest, len);
	if (!path)
		return error_set(error_r, ENOMEM, "out of memory");
	return take_path(file, path, home, error_r);
}

static int read_block(struct file *file, const struct conf_section *block, const char *home,
		      struct error *error_r)
{
	struct settings settings = {0};
	int ret = option_defaults(options, &settings, error_r);

	if (ret == 0)
		ret = option_from_block(options, &settings, block, error_r);
	if (ret == 0 && find_method(file, settings.lock, false) < 0)
		ret = error_set(error_r, EINVAL,
				"Invalid dict_file_lock_method: %s (dotlock, fcntl or flock)",
				settings.lock);
	if (ret == 0) {
		ret = take_path(file, settings.path, home, error_r);
		settings.path = NULL;
	}
	option_release(options, &settings);
	return ret;
}

/* --- records ------------------------------------------------------------------------------- */

static void clear_records(struct file *file)
{
	struct record *record = file->records, *next;

	HASH_CLEAR(hh, file->records); /* the table; the chain of its elements stays */
	for (; record; record = next) {
		next = record->hh.next;
		free(record);
	}
	file->stamp = (struct stat){0};
}

static struct slice record_value(const struct record *record)
{
	return (struct slice){record->key + record->key_len, record->value_len};
}

static struct record *record_find(struct file *file, struct slice key)
{
	struct record *record;

	HASH_FIND(hh, file->records, key.ptr, key.len, record);
	return record;
}

static int record_put(struct slice key, struct slice value, void *context)
{
	struct file *file = context;
	struct record *old = record_find(file, key);
	struct record *record = calloc(1, sizeof(*record) + key.len + value.len);

	if (!record)
		return -ENOMEM;
	record->key_len = key.len;
	record->value_len = value.len;
	/* UNSAFE: calloc() made room for both. */
	memcpy(record->key, key.ptr ? key.ptr : "", key.len);
	memcpy(record->key + key.len, value.ptr ? value.ptr : "", value.len);
	if (old) {
		HASH_DEL(file->records, old);
		free(old);
	}
	HASH_ADD_KEYPTR(hh, file->records, record->key, record->key_len, record);
	if (hash_added(record))
		return 0;
	free(record);
	return -ENOMEM;
}

/* --- file ---------------------------------------------------------------------------------- */

static int read_all(struct file *file, int fd, size_t size)
{
	ssize_t n = 1;

	buf_reset(&file->text);
	while (n != 0) {
		if (buf_reserve(&file->text, size - file->text.len + 1) < 0)
			return file->text.failed;
		n = read(fd, file->text.data + file->text.len,
			 file->text.size - file->text.len - 1);
		if (n < 0 && errno != EINTR)
			return -errno;
		file->text.len += (size_t)(n > 0 ? n : 0);
		size = file->text.len > size ? file->text.len : size;
	}
	return 0;
}

static bool same_file(const struct stat *a, const struct stat *b)
{
	return a->st_ino == b->st_ino && a->st_dev == b->st_dev && a->st_size == b->st_size &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

static int load_fd(struct file *file, int fd)
{
	struct stat st;
	int ret;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (same_file(&st, &file->stamp))
		return 0;
	clear_records(file);
	ret = read_all(file, fd, (size_t)st.st_size);
	if (ret == 0)
		ret = file_format_parse(file->text.data, file->text.len, record_put, file);
	if (ret == 0)
		file->stamp = st;
	return ret;
}

/* Brings the records up to date; a missing file has none. */
static int load(struct file *file, struct error *error_r)
{
	int fd = open(file->path, O_RDONLY | O_CLOEXEC), ret;

	if (fd < 0 && errno == ENOENT) {
		clear_records(file);
		return 0;
	}
	ret = fd < 0 ? -errno : load_fd(file, fd);
	if (fd >= 0)
		close(fd);
	if (ret < 0) {
		clear_records(file);
		return error_set(error_r, -ret, "%s: %s", file->path, strerrordesc_np(-ret));
	}
	return 0;
}

static int save(struct file *file, struct file_lock *lock, struct error *error_r)
{
	struct record *record, *next;

	buf_reset(&file->text);
	HASH_ITER(hh, file->records, record, next)
		file_format_append(&file->text, (struct slice){record->key, record->key_len},
				   record_value(record));
	if (file->text.failed < 0) {
		file_lock_drop(lock);
		return error_set(error_r, -file->text.failed, "%s: %s", file->path,
				 strerrordesc_np(-file->text.failed));
	}
	return file_lock_replace(lock, buf_slice(&file->text), &file->stamp, error_r);
}

/* --- slots --------------------------------------------------------------------------------- */

static void file_close(struct dict *dict)
{
	struct file *file = (struct file *)dict;

	clear_records(file);
	buf_release(&file->text);
	free(file->path);
	free(file);
}

static int file_open(const struct dict_config *config, struct dict **dict_r, struct error *error_r)
{
	struct file *file = calloc(1, sizeof(*file));
	int ret;

	if (!file)
		return error_set(error_r, ENOMEM, "out of memory");
	buf_init(&file->text, FILE_MAX);
	if (config->block)
		ret = read_block(file, config->block, config->home, error_r);
	else
		ret = read_uri(file, strchr(config->uri, ':') + 1, config->home, error_r);
	if (ret < 0)
		file_close(&file->dict);
	else
		*dict_r = &file->dict;
	return ret;
}

/* Returns how many records changed, or a negative errno. */
static int merge(struct file *file, struct dict_entry *entries, size_t count)
{
	int changed = 0;

	for (size_t i = 0; i < count; i++) {
		const struct record *record = record_find(file, entries[i].key);
		bool newer = !record || file->dict.strict ||
			     dict_entry_newer(&entries[i], record_value(record));

		if (newer && record_put(entries[i].key, entries[i].value, file) < 0)
			return -ENOMEM;
		dict_entry_set(&entries[i], newer ? DICT_STORED : DICT_UNCHANGED, "%s", "");
		changed += newer;
	}
	return changed;
}

/* After a failure the records in memory are not those of the file, nor the outcomes true. */
static int forget(struct file *file, struct dict_entry *entries, size_t count, int ret)
{
	clear_records(file);
	for (size_t i = 0; i < count; i++)
		entries[i].outcome = DICT_PENDING;
	return ret;
}

static int file_write(struct dict *dict, struct dict_entry *entries, size_t count,
		      int64_t deadline_ns, struct error *error_r)
{
	struct file *file = (struct file *)dict;
	struct file_lock lock;
	int changed, ret = file_lock_take(&lock, file->method, file->path, deadline_ns, error_r);

	if (ret < 0)
		return ret;
	ret = load(file, error_r);
	changed = ret < 0 ? ret : merge(file, entries, count);
	if (changed == -ENOMEM)
		ret = error_set(error_r, ENOMEM, "out of memory");
	if (changed <= 0)
		file_lock_drop(&lock);
	else
		ret = save(file, &lock, error_r);
	return ret < 0 ? forget(file, entries, count, ret) : 0;
}

static int file_lookup(struct dict *dict, struct slice user, const struct slice *keys,
		       size_t key_count, int64_t deadline_ns, dict_record_cb *cb, void *context,
		       struct error *error_r)
{
	struct file *file = (struct file *)dict;
	int found = 0, ret = load(file, error_r);

	(void)user;
	(void)deadline_ns;
	for (size_t i = 0; i < key_count && ret == 0; i++) {
		const struct record *record = record_find(file, keys[i]);
		struct dict_record out = {.key = keys[i]};

		if (!record)
			continue;
		out.value = record_value(record);
		out.time_ns = stamp_to_ns(out.value);
		cb(&out, context);
		found++;
	}
	return ret < 0 ? ret : found;
}

static int hand_out(const struct record *record, const struct dict_key *asked, dict_record_cb *cb,
		    void *context)
{
	const struct dict_record out = {
		.key = {record->key, record->key_len},
		.asked = asked,
		.value = record_value(record),
		.time_ns = stamp_to_ns(record_value(record)),
	};

	cb(&out, context);
	return 1;
}

static int search_one(struct file *file, const struct dict_key *key, dict_record_cb *cb,
		      void *context)
{
	struct dict_key_pieces pieces;
	const struct record *record;
	int found = 0;

	dict_key_split(key, &pieces);
	if (pieces.count == 1) {
		record = record_find(file, key->text);
		return record ? hand_out(record, key, cb, context) : 0;
	}
	for (record = file->records; record; record = record->hh.next) {
		if (dict_key_fits(&pieces, (struct slice){record->key, record->key_len}))
			found += hand_out(record, key, cb, context);
	}
	return found;
}

static int file_search(struct dict *dict, struct slice user, const struct dict_key *keys,
		       size_t key_count, int64_t deadline_ns, dict_record_cb *cb, void *context,
		       struct error *error_r)
{
	struct file *file = (struct file *)dict;
	int found = 0, ret = load(file, error_r);

	(void)user;
	(void)deadline_ns;
	for (size_t i = 0; i < key_count && ret == 0; i++)
		found += search_one(file, &keys[i], cb, context);
	return ret < 0 ? ret : found;
}

static int remove_all(struct file *file, const struct slice *keys, size_t count)
{
	int removed = 0;

	for (size_t i = 0; i < count; i++) {
		struct record *record = record_find(file, keys[i]);

		if (!record)
			continue;
		HASH_DEL(file->records, record);
		free(record);
		removed++;
	}
	return removed;
}

static int file_unset(struct dict *dict, const struct slice *keys, size_t key_count,
		      int64_t deadline_ns, struct error *error_r)
{
	struct file *file = (struct file *)dict;
	struct file_lock lock;
	int removed, ret = file_lock_take(&lock, file->method, file->path, deadline_ns, error_r);

	if (ret < 0)
		return ret;
	ret = load(file, error_r);
	removed = ret < 0 ? ret : remove_all(file, keys, key_count);
	if (removed <= 0)
		file_lock_drop(&lock);
	else
		ret = save(file, &lock, error_r);
	if (ret < 0)
		clear_records(file);
	return ret < 0 ? ret : removed;
}

static int file_ping(struct dict *dict, int64_t deadline_ns, struct error *error_r)
{
	(void)deadline_ns;
	return load((struct file *)dict, error_r);
}

static bool has_record(const struct file *file, const struct dict_key *key)
{
	struct dict_key_pieces pieces;

	dict_key_split(key, &pieces);
	for (const struct record *record = file->records; record; record = record->hh.next) {
		if (dict_key_fits(&pieces, (struct slice){record->key, record->key_len}))
			return true;
	}
	return false;
}

static int file_presence(struct dict *dict, const struct dict_key *keys, size_t key_count,
			 int64_t deadline_ns, struct dict_presence *presence_r,
			 struct error *error_r)
{
	struct file *file = (struct file *)dict;
	int ret;

	(void)deadline_ns;
	if (access(file->path, F_OK) < 0 && errno == ENOENT)
		return dict_presence_set(presence_r, DICT_ABSENT, "%s: %s", file->path,
					 strerrordesc_np(ENOENT));
	ret = load(file, error_r);
	for (size_t i = 0; i < key_count && ret == 0; i++) {
		if (has_record(file, &keys[i]))
			return dict_presence_set(presence_r, DICT_PRESENT, "%s", "");
	}
	return ret < 0 || key_count == 0
		       ? ret
		       : dict_presence_set(presence_r, DICT_EMPTY,
					   "%s: it has no record such as %.*s", file->path,
					   (int)keys[0].text.len, keys[0].text.ptr);
}

static void file_places(const struct dict *dict, dict_place_cb *cb, void *context)
{
	cb(context, ((const struct file *)dict)->path, DICT_PLACE_FILE);
}

const struct dict_driver file_driver = {
	.name = "file",
	.caps = DICT_CAP_NEWEST_WINS,
	.open = file_open,
	.write = file_write,
	.lookup = file_lookup,
	.search = file_search,
	.unset = file_unset,
	.ping = file_ping,
	.presence = file_presence,
	.places = file_places,
	.close = file_close,
};
