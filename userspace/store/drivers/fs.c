/* SPDX-License-Identifier: MIT */
/*
 * "fs:posix:prefix=P:mode=0600|auto:lock=flock|dotlock:dirs:no-fsync:accurate-mtime": one file for
 * each key (fs_path.h), whose content is the value without a newline.
 *
 * A file is written under another name and renamed. lock=, dirs and accurate-mtime are accepted
 * and change nothing: dict writes take no lock, nothing is deleted, and the time of a new file is
 * accurate. The
 * comparison of times is dict.c's, so one collector should write to a tree.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "conf/tree.h"
#include "store/dict_key.h"
#include "store/drivers/drivers.h"
#include "store/drivers/fs_path.h"
#include "store/drivers/fs_walk.h"
#include "store/option.h"
#include "store/path.h"
#include "store/stamp.h"

#define PATH_BYTES_MAX 8192
#define VALUE_MAX      65536

struct settings {
	char *prefix, *mode, *lock;
	bool dirs, no_fsync, fsync, accurate_mtime, autodelete;
};

struct fs {
	struct dict dict;
	struct settings settings;
	char *prefix; /* with home in front of a relative one */
	mode_t mode;  /* 0 for "auto" */
	struct buf path;
};

#define AT(field) offsetof(struct settings, field)

static const struct option options[] = {
	{"prefix", "fs_posix_prefix", OPTION_STRING, AT(prefix), .fallback = ""},
	{NULL, "prefix", OPTION_STRING, AT(prefix), .fallback = NULL},
	{"mode", "fs_posix_mode", OPTION_STRING, AT(mode), .fallback = "0600"},
	{"lock", "fs_posix_lock_method", OPTION_STRING, AT(lock), .fallback = "flock"},
	{"dirs", NULL, OPTION_FLAG, AT(dirs), .fallback = NULL},
	{"no-fsync", NULL, OPTION_FLAG, AT(no_fsync), .fallback = NULL},
	{NULL, "fs_posix_fsync", OPTION_FLAG, AT(fsync), .fallback = "yes"},
	{"accurate-mtime", "fs_posix_accurate_mtime", OPTION_FLAG, AT(accurate_mtime),
	 .fallback = NULL},
	{NULL, "fs_posix_autodelete_empty_directories", OPTION_FLAG, AT(autodelete),
	 .fallback = NULL},
	{.invalid = "posix: Unknown arg"},
};

/* --- settings ------------------------------------------------------------------------------ */

static int check_settings(struct fs *fs, struct error *error_r)
{
	const struct settings *settings = &fs->settings;
	char *end;

	if (strcmp(settings->lock, "flock") != 0 && strcmp(settings->lock, "dotlock") != 0)
		return error_set(error_r, EINVAL, "posix: Unknown arg 'lock=%s' (flock or dotlock)",
				 settings->lock);
	if (strcmp(settings->mode, "auto") == 0)
		return 0;
	fs->mode = (mode_t)strtoul(settings->mode, &end, 8);
	if (*end != '\0' || fs->mode == 0 || fs->mode > 0777)
		return error_set(error_r, EINVAL, "posix: Invalid mode: %s (octal, or auto)",
				 settings->mode);
	return 0;
}

/* "fs posix { }", or "fs NAME { fs_driver = posix }". */
static const char *fs_driver_of(const struct conf_section *block)
{
	const char *name = conf_setting_value(block, "fs_name", block->name);

	return conf_setting_value(block, "fs_driver", conf_setting_value(block, "driver", name));
}

static int read_block(struct fs *fs, const struct conf_section *block, struct error *error_r)
{
	const struct conf_section *posix = conf_section_find(block, "fs", NULL), *child;

	if (!posix)
		return error_set(error_r, EINVAL, "fs posix { } is missing in the dict's block");
	if (strcmp(fs_driver_of(posix), "posix") != 0)
		return error_set(error_r, EINVAL, "%s:%u: Unknown fs driver: %s (expected posix)",
				 posix->pos.file, posix->pos.line, fs_driver_of(posix));
	child = conf_section_next(posix, "fs", NULL);
	if (child)
		return error_set(error_r, EINVAL,
				 "%s:%u: Extra fs %s { }: the parent fs %s { } doesn't support a "
				 "child fs",
				 child->pos.file, child->pos.line, child->name, posix->name);
	return option_from_block(options, &fs->settings, posix, error_r);
}

static int read_uri(struct fs *fs, const char *rest, struct error *error_r)
{
	size_t len = strcspn(rest, ":");

	if (!slice_is((struct slice){rest, len}, "posix"))
		return error_set(error_r, EINVAL, "Unknown fs driver: %.*s (expected posix)",
				 (int)len, rest);
	return option_from_uri(options, &fs->settings, rest + len + (rest[len] == ':'), false,
			       error_r);
}

static int read_settings(struct fs *fs, const struct dict_config *config, struct error *error_r)
{
	int ret = option_defaults(options, &fs->settings, error_r);

	if (ret == 0 && config->block)
		ret = read_block(fs, config->block, error_r);
	else if (ret == 0)
		ret = read_uri(fs, strchr(config->uri, ':') + 1, error_r);
	if (ret == 0)
		ret = check_settings(fs, error_r);
	if (ret < 0)
		return ret;
	if (fs->settings.prefix[0] == '\0')
		fs->prefix = path_expand(config->home ? "./" : "", config->home);
	else
		fs->prefix = path_expand(fs->settings.prefix, config->home);
	return fs->prefix ? 0 : error_set(error_r, ENOMEM, "out of memory");
}

static void fs_close(struct dict *dict)
{
	struct fs *fs = (struct fs *)dict;

	option_release(options, &fs->settings);
	buf_release(&fs->path);
	free(fs->prefix);
	free(fs);
}

static int fs_open(const struct dict_config *config, struct dict **dict_r, struct error *error_r)
{
	struct fs *fs = calloc(1, sizeof(*fs));
	int ret;

	if (!fs)
		return error_set(error_r, ENOMEM, "out of memory");
	buf_init(&fs->path, PATH_BYTES_MAX);
	ret = read_settings(fs, config, error_r);
	if (ret < 0)
		fs_close(&fs->dict);
	else
		*dict_r = &fs->dict;
	return ret;
}

/* --- files --------------------------------------------------------------------------------- */

static int make_path(struct fs *fs, struct slice key)
{
	buf_reset(&fs->path);
	return fs_path_append(&fs->path, fs->prefix, dict_key_name(key));
}

/* A new file beside the path, whose name the caller frees. */
static int open_temporary(const char *path, char **temporary_r)
{
	const char *slash = strrchr(path, '/');
	int dir_len = slash ? (int)(slash - path) + 1 : 0, fd;
	char *temporary;

	if (asprintf(&temporary, "%.*stemp.dovecot.XXXXXX", dir_len, path) < 0)
		return -ENOMEM;
	fd = mkostemp(temporary, O_CLOEXEC);
	if (fd >= 0) {
		*temporary_r = temporary;
		return fd;
	}
	fd = -errno;
	free(temporary);
	return fd;
}

static int fill(const struct fs *fs, int fd, const char *path, struct slice value)
{
	mode_t mode = fs->mode ? fs->mode : path_parent_mode(path) & 0666;
	ssize_t n;

	do {
		n = write(fd, value.ptr, value.len);
	} while (n < 0 && errno == EINTR);
	if (n < 0 || fchmod(fd, mode) < 0)
		return -errno;
	/* A file takes all of so few bytes, unless the disk is full. */
	if ((size_t)n < value.len)
		return -ENOSPC;
	if (fs->settings.fsync && !fs->settings.no_fsync && fdatasync(fd) < 0)
		return -errno;
	return 0;
}

static int replace(const struct fs *fs, const char *path, struct slice value)
{
	char *temporary = NULL;
	int ret, fd = open_temporary(path, &temporary);

	if (fd == -ENOENT) {
		ret = path_make_parents(path);
		fd = ret < 0 ? ret : open_temporary(path, &temporary);
	}
	if (fd < 0 || !temporary)
		return fd;
	ret = fill(fs, fd, path, value);
	close(fd);
	if (ret == 0 && rename(temporary, path) < 0)
		ret = -errno;
	if (ret < 0)
		(void)unlink(temporary);
	free(temporary);
	return ret;
}

/* Errors that come from the name, not from the place. */
static bool is_bad_name(int ret)
{
	return ret == -EINVAL || ret == -E2BIG || ret == -ENAMETOOLONG || ret == -ENOTDIR ||
	       ret == -EISDIR || ret == -ENOTEMPTY || ret == -EEXIST || ret == -EILSEQ;
}

static int fs_write(struct dict *dict, struct dict_entry *entries, size_t count,
		    int64_t deadline_ns, struct error *error_r)
{
	struct fs *fs = (struct fs *)dict;

	for (size_t i = 0; i < count; i++) {
		int ret = make_path(fs, entries[i].key);

		if (clock_monotonic_ns() > deadline_ns)
			return error_set(error_r, ETIMEDOUT, "%s: too slow", fs->prefix);
		if (ret == 0)
			ret = replace(fs, fs->path.data, entries[i].value);
		if (ret == 0)
			dict_entry_set(&entries[i], DICT_STORED, "%s", "");
		else if (is_bad_name(ret))
			dict_entry_set(&entries[i], DICT_REFUSED, "no file can have this name: %s",
				       strerrordesc_np(-ret));
		else
			return error_set(error_r, -ret, "%s: %s", fs->prefix,
					 strerrordesc_np(-ret));
	}
	return 0;
}

/* Returns the number of bytes, or a negative errno. */
static ssize_t read_value(const char *path, char *value, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t len = 0;
	ssize_t n = 1;

	if (fd < 0)
		return -errno;
	while (n != 0 && len < size) {
		n = read(fd, value + len, size - len);
		if (n < 0 && errno != EINTR)
			break;
		len += (size_t)(n > 0 ? n : 0);
	}
	n = n < 0 ? -errno : (ssize_t)len;
	close(fd);
	return n;
}

/* Something else has the place of the file or of a directory above it: a record that is no time.
 * Where nothing at all can be below the prefix, presence() has the reason. */
static bool is_in_the_way(const struct fs *fs, ssize_t n)
{
	return n == -EISDIR || (n == -ENOTDIR && fs_walk_any(fs->prefix) != -ENOTDIR);
}

/* Returns 1, 0 when there is no such file, or a negative errno. */
static int lookup_one(struct fs *fs, struct slice key, char *value, dict_record_cb *cb,
		      void *context)
{
	struct dict_record record = {.key = key};
	ssize_t n = make_path(fs, key);

	if (n == 0)
		n = read_value(fs->path.data, value, VALUE_MAX);
	if (is_in_the_way(fs, n))
		record.value = slice_str(strerrordesc_np((int)-n));
	else if (n == -ENOENT || (n < 0 && is_bad_name((int)n)))
		return 0;
	else if (n < 0)
		return (int)n;
	else
		record.value = (struct slice){value, (size_t)n};
	record.time_ns = stamp_to_ns(record.value);
	cb(&record, context);
	return 1;
}

static int fs_lookup(struct dict *dict, struct slice user, const struct slice *keys,
		     size_t key_count, int64_t deadline_ns, dict_record_cb *cb, void *context,
		     struct error *error_r)
{
	struct fs *fs = (struct fs *)dict;
	char *value = malloc(VALUE_MAX);
	int found = 0, ret = 0;

	(void)user;
	(void)deadline_ns;
	if (!value)
		return error_set(error_r, ENOMEM, "out of memory");
	for (size_t i = 0; i < key_count && ret >= 0; i++) {
		ret = lookup_one(fs, keys[i], value, cb, context);
		found += ret > 0;
	}
	free(value);
	if (ret < 0)
		return error_set(error_r, -ret, "%s: %s", fs->prefix, strerrordesc_np(-ret));
	return found;
}

/* The directories above a file have the user's name, too: those below the prefix that are empty now
 * go as well. */
static void remove_parents(const struct fs *fs, char *path)
{
	size_t prefix = strlen(fs->prefix);
	char *slash;

	while ((slash = strrchr(path, '/')) && (size_t)(slash - path) > prefix) {
		*slash = '\0';
		if (rmdir(path) < 0)
			return;
	}
}

static int fs_unset(struct dict *dict, const struct slice *keys, size_t key_count,
		    int64_t deadline_ns, struct error *error_r)
{
	struct fs *fs = (struct fs *)dict;
	int removed = 0;

	(void)deadline_ns;
	for (size_t i = 0; i < key_count; i++) {
		int ret = make_path(fs, keys[i]);

		if (ret == 0 && unlink(fs->path.data) < 0)
			ret = -errno;
		if (ret == 0)
			remove_parents(fs, fs->path.data);
		if (ret < 0 && ret != -ENOENT && !is_bad_name(ret))
			return error_set(error_r, -ret, "%s: %s", fs->prefix,
					 strerrordesc_np(-ret));
		removed += ret == 0;
	}
	return removed;
}

/* A key's files begin with what it has in front of the first part that is not known. */
static int find_file(struct fs *fs, const struct dict_key *key)
{
	struct dict_key_pieces pieces;

	dict_key_split(key, &pieces);
	buf_reset(&fs->path);
	buf_append_str(&fs->path, fs->prefix);
	if (buf_append_slice(&fs->path, dict_key_name(pieces.text[0])) < 0)
		return fs->path.failed;
	return fs_walk_any(buf_str(&fs->path));
}

static int fs_presence(struct dict *dict, const struct dict_key *keys, size_t key_count,
		       int64_t deadline_ns, struct dict_presence *presence_r, struct error *error_r)
{
	struct fs *fs = (struct fs *)dict;
	int ret = fs_walk_any(fs->prefix);

	(void)deadline_ns;
	if (ret == -ENOENT)
		return dict_presence_set(presence_r, DICT_ABSENT, "%s: %s", fs->prefix,
					 strerrordesc_np(ENOENT));
	for (size_t i = 0; i < key_count && ret >= 0; i++) {
		ret = find_file(fs, &keys[i]);
		if (ret > 0)
			return dict_presence_set(presence_r, DICT_PRESENT, "%s", "");
		ret = ret == -ENOENT ? 0 : ret;
	}
	if (key_count == 0 && (ret >= 0 || ret == -EACCES))
		return 0; /* files may be readable in a directory that is not */
	if (ret < 0)
		return error_set(error_r, -ret, "%s: %s", fs->prefix, strerrordesc_np(-ret));
	return dict_presence_set(presence_r, DICT_EMPTY, "%s: it has no file of a record",
				 fs->prefix);
}

/* The prefix need not end a directory's name: "/var/lib/x/user-". */
static void fs_places(const struct dict *dict, dict_place_cb *cb, void *context)
{
	const char *prefix = ((const struct fs *)dict)->prefix;
	size_t len = strlen(prefix);

	cb(context, prefix, len > 0 && prefix[len - 1] == '/' ? DICT_PLACE_TREE : DICT_PLACE_FILE);
}

const struct dict_driver fs_driver = {
	.name = "fs",
	.open = fs_open,
	.write = fs_write,
	.lookup = fs_lookup,
	.unset = fs_unset,
	.presence = fs_presence,
	.places = fs_places,
	.close = fs_close,
};
