/* SPDX-License-Identifier: MIT */
/*
 * "debug:URI" wraps the dict of that URI and prints each entry with its outcome to stderr:
 *
 *	dict redis: stored shared/last-login/imap/u@example.com = 1795337984
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/escape.h"
#include "store/drivers/drivers.h"

#define LINE_MAX_BYTES 8192

struct debug {
	struct dict dict;
	struct dict *inner;
};

static int debug_open(const struct dict_config *config, struct dict **dict_r, struct error *error_r)
{
	struct dict_config rest = *config;
	struct debug *debug;
	int ret;

	if (!config->uri)
		return error_set(error_r, EINVAL, "has no block form; use debug:URI");
	debug = calloc(1, sizeof(*debug));
	if (!debug)
		return error_set(error_r, ENOMEM, "out of memory");
	rest.uri = strchr(config->uri, ':') + 1;
	rest.where = NULL; /* the caller of this open() prefixes it */
	ret = dict_open(&rest, &debug->inner, error_r);
	if (ret < 0)
		free(debug);
	else
		*dict_r = &debug->dict;
	return ret;
}

static void print_entry(const struct dict *inner, const struct dict_entry *entry)
{
	struct buf line;

	buf_init(&line, LINE_MAX_BYTES);
	buf_appendf(&line, "dict %s: %s ", inner->driver->name, dict_outcome_name(entry->outcome));
	escape_terminal(&line, entry->key);
	buf_append_str(&line, " = ");
	escape_terminal(&line, entry->value);
	if (entry->reason[0] != '\0') {
		buf_append_str(&line, ": ");
		escape_terminal(&line, slice_str(entry->reason));
	}
	fprintf(stderr, "%s\n", buf_str(&line));
	buf_release(&line);
}

static int debug_write(struct dict *dict, struct dict_entry *entries, size_t count,
		       int64_t deadline_ns, struct error *error_r)
{
	struct dict *inner = ((struct debug *)dict)->inner;
	int ret = dict_write(inner, entries, count, deadline_ns, error_r);

	for (size_t i = 0; i < count; i++)
		print_entry(inner, &entries[i]);
	return ret;
}

static int debug_lookup(struct dict *dict, struct slice user, const struct slice *keys,
			size_t key_count, int64_t deadline_ns, dict_record_cb *cb, void *context,
			struct error *error_r)
{
	return dict_lookup(((struct debug *)dict)->inner, user, keys, key_count, deadline_ns, cb,
			   context, error_r);
}

static int debug_search(struct dict *dict, struct slice user, const struct dict_key *keys,
			size_t key_count, int64_t deadline_ns, dict_record_cb *cb, void *context,
			struct error *error_r)
{
	return dict_search(((struct debug *)dict)->inner, user, keys, key_count, deadline_ns, cb,
			   context, error_r);
}

static int64_t debug_list(struct dict *dict, const struct dict_listing *listing, int64_t idle_ns,
			  dict_record_cb *cb, void *context, struct error *error_r)
{
	return dict_list(((struct debug *)dict)->inner, listing, idle_ns, cb, context, error_r);
}

static int debug_ping(struct dict *dict, int64_t deadline_ns, struct error *error_r)
{
	return dict_ping(((struct debug *)dict)->inner, deadline_ns, error_r);
}

static int debug_check_key(struct dict *dict, const char *const *variables, struct error *error_r)
{
	return dict_check_key(((struct debug *)dict)->inner, variables, error_r);
}

static int debug_expect(struct dict *dict, const struct dict_entry *entry, struct error *error_r)
{
	return dict_expect(((struct debug *)dict)->inner, entry, error_r);
}

static int debug_presence(struct dict *dict, const struct dict_key *keys, size_t key_count,
			  int64_t deadline_ns, struct dict_presence *presence_r,
			  struct error *error_r)
{
	return dict_presence(((struct debug *)dict)->inner, keys, key_count, deadline_ns,
			     presence_r, error_r);
}

static void debug_notes(const struct dict *dict, dict_note_cb *cb, void *context)
{
	dict_notes(((const struct debug *)dict)->inner, cb, context);
}

static int debug_expire(struct dict *dict, const struct dict_expiry *expiry, int64_t deadline_ns,
			struct error *error_r)
{
	return dict_expire(((struct debug *)dict)->inner, expiry, deadline_ns, error_r);
}

static int debug_remove(struct dict *dict, const struct dict_removal *what, int64_t deadline_ns,
			struct error *error_r)
{
	return dict_remove(((struct debug *)dict)->inner, what, deadline_ns, error_r);
}

static void debug_tidy(struct dict *dict)
{
	dict_tidy(((struct debug *)dict)->inner);
}

static void debug_places(const struct dict *dict, dict_place_cb *cb, void *context)
{
	dict_places(((const struct debug *)dict)->inner, cb, context);
}

static void debug_close(struct dict *dict)
{
	struct debug *debug = (struct debug *)dict;

	dict_close(&debug->inner);
	free(debug);
}

/* The inner dict's own comparison stands behind these. */
const struct dict_driver debug_driver = {
	.name = "debug",
	.caps = DICT_CAP_NEWEST_WINS,
	.open = debug_open,
	.write = debug_write,
	.lookup = debug_lookup,
	.search = debug_search,
	.list = debug_list,
	.ping = debug_ping,
	.check_key = debug_check_key,
	.expect = debug_expect,
	.presence = debug_presence,
	.notes = debug_notes,
	.expire = debug_expire,
	.remove = debug_remove,
	.tidy = debug_tidy,
	.places = debug_places,
	.close = debug_close,
};
