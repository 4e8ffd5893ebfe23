/* SPDX-License-Identifier: MIT */
#include "store/drivers/redis/redis_scan.h"

#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"
#include "store/dict_key.h"
#include "store/drivers/redis/resp.h"

#define PREFIX	    "shared/"
#define COUNT	    "1000" /* keys that the server looks at for one answer */
#define CURSOR_SIZE 24

struct scan {
	struct redis *redis;
	const struct dict_key *keys;
	struct dict_key_pieces *pieces; /* of each key */
	size_t key_count;
	redis_key_cb *cb;
	void *context;
	const struct redis_conn *conn; /* that is asked at present */
	char cursor[CURSOR_SIZE];
	int64_t size; /* of the database */
	struct buf text;
};

/* --- the pattern ------------------------------------------------------------------------------ */

/* The services' keys of one template differ in the service: with that open they are one pattern. */
static struct dict_key without_service(const struct dict_key *key)
{
	struct dict_key wide = *key;

	for (size_t i = 0; i < key->part_count; i++) {
		const char *variable = key->parts[i].variable;

		if (strcmp(variable, "service") == 0 || strcmp(variable, "protocol") == 0)
			wide.open |= UINT64_C(1) << i;
	}
	return wide;
}

static int pattern_of(const struct redis *redis, const struct dict_key *key, struct buf *out)
{
	const struct dict_key_pieces prefix = {{slice_str(redis->settings.prefix)}, 1};
	struct dict_key wide = without_service(key);
	struct dict_key_pieces pieces;

	dict_key_split(&wide, &pieces);
	pieces.text[0] = dict_key_name(pieces.text[0]);
	dict_key_glob(out, &prefix);
	return dict_key_glob(out, &pieces);
}

/* --- answers ---------------------------------------------------------------------------------- */

static int refuse(const struct scan *scan, const redisReply *reply, struct error *error_r)
{
	if (reply->type == REDIS_REPLY_ERROR)
		return error_set(error_r, EACCES, "%s%s", redis_conn_show(scan->conn, reply->str),
				 resp_error_find(reply->str)->hint);
	return redis_conn_is_not_redis(scan->conn, reply, error_r);
}

static int on_size(const redisReply *reply, size_t index, void *context, struct error *error_r)
{
	struct scan *scan = context;

	(void)index;
	if (reply->type != REDIS_REPLY_INTEGER)
		return refuse(scan, reply, error_r);
	scan->size += reply->integer;
	return 0;
}

/* As the dict has it: "shared/" for the prefix of the settings. */
static int on_key(struct scan *scan, struct slice found, struct error *error_r)
{
	size_t prefix = strlen(scan->redis->settings.prefix);

	if (found.len < prefix)
		return 0;
	buf_reset(&scan->text);
	buf_append_str(&scan->text, PREFIX);
	if (buf_append(&scan->text, found.ptr + prefix, found.len - prefix) < 0)
		return error_set(error_r, ENOMEM, "out of memory");
	for (size_t i = 0; i < scan->key_count; i++) {
		if (dict_key_fits(&scan->pieces[i], buf_slice(&scan->text)))
			return scan->cb(buf_slice(&scan->text), &scan->keys[i], scan->context,
					error_r);
	}
	return 0;
}

static int on_scanned(const redisReply *reply, size_t index, void *context, struct error *error_r)
{
	struct scan *scan = context;
	const redisReply *cursor, *keys;
	int ret = 0;

	(void)index;
	if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 2)
		return refuse(scan, reply, error_r);
	cursor = reply->element[0];
	keys = reply->element[1];
	if (cursor->type != REDIS_REPLY_STRING || cursor->len >= CURSOR_SIZE ||
	    keys->type != REDIS_REPLY_ARRAY)
		return redis_conn_is_not_redis(scan->conn, reply, error_r);
	memcpy(scan->cursor, cursor->str, cursor->len + 1);
	for (size_t i = 0; i < keys->elements && ret == 0; i++) {
		const redisReply *key = keys->element[i];

		if (key->type != REDIS_REPLY_STRING)
			return redis_conn_is_not_redis(scan->conn, reply, error_r);
		ret = on_key(scan, (struct slice){key->str, key->len}, error_r);
	}
	return ret;
}

/* --- asking ----------------------------------------------------------------------------------- */

static int ask(struct scan *scan, struct redis_node *node, redis_reply_cb *cb, struct buf *out,
	       int64_t deadline_ns, struct error *error_r)
{
	struct redis_ask ask = {.conn = &node->conn, .expected = 1, .cb = cb, .context = scan};
	int ret = redis_conn_open(&node->conn, deadline_ns, error_r);

	scan->conn = &node->conn;
	return ret < 0 ? ret : redis_ask(&ask, out, deadline_ns, error_r);
}

static int scan_node(struct scan *scan, struct redis_node *node, struct slice pattern,
		     int64_t deadline_ns, struct error *error_r)
{
	struct buf out;
	int ret;

	buf_init(&out, REDIS_OUT_MAX);
	memcpy(scan->cursor, "0", sizeof("0"));
	do {
		buf_reset(&out);
		RESP_APPEND(&out, slice_str("SCAN"), slice_str(scan->cursor), slice_str("MATCH"),
			    pattern, slice_str("COUNT"), slice_str(COUNT));
		ret = ask(scan, node, on_scanned, &out, deadline_ns, error_r);
	} while (ret == 0 && strcmp(scan->cursor, "0") != 0);
	buf_release(&out);
	return ret;
}

static int add_size(struct scan *scan, struct redis_node *node, int64_t deadline_ns,
		    struct error *error_r)
{
	struct buf out;
	int ret;

	buf_init(&out, REDIS_OUT_MAX);
	RESP_APPEND(&out, slice_str("DBSIZE"));
	ret = ask(scan, node, on_size, &out, deadline_ns, error_r);
	buf_release(&out);
	return ret;
}

/* A key on a node that cannot be asked is no key that is not there. */
static int scan_nodes(struct scan *scan, struct slice pattern, int64_t deadline_ns,
		      struct error *error_r)
{
	const struct redis_nodes *nodes = &scan->redis->nodes;
	int ret = 0;

	for (size_t i = 0; i < nodes->count && ret == 0; i++) {
		if (nodes->list[i]->named)
			ret = scan_node(scan, nodes->list[i], pattern, deadline_ns, error_r);
	}
	return ret;
}

static int check_size(struct scan *scan, int64_t deadline_ns, struct error *error_r)
{
	const struct redis_nodes *nodes = &scan->redis->nodes;
	int ret = 0;

	for (size_t i = 0; i < nodes->count && ret == 0; i++) {
		if (nodes->list[i]->named)
			ret = add_size(scan, nodes->list[i], deadline_ns, error_r);
	}
	if (ret == 0 && scan->size > REDIS_SCAN_MAX)
		return error_set(error_r, EOPNOTSUPP,
				 "a part of last_login_key is not known without a login, and the "
				 "database has %lld keys: too many to look through",
				 (long long)scan->size);
	return ret;
}

/* Patterns that were there before bring nothing new. */
static bool is_repeated(const struct scan *scan, size_t index, struct slice pattern,
			struct buf *other)
{
	for (size_t i = 0; i < index; i++) {
		buf_reset(other);
		if (scan->keys[i].open && pattern_of(scan->redis, &scan->keys[i], other) == 0 &&
		    slice_equal(buf_slice(other), pattern))
			return true;
	}
	return false;
}

static int scan_key(struct scan *scan, size_t index, int64_t deadline_ns, struct error *error_r)
{
	struct buf pattern, other;
	int ret = 0;

	buf_init(&pattern, REDIS_OUT_MAX);
	buf_init(&other, REDIS_OUT_MAX);
	if (pattern_of(scan->redis, &scan->keys[index], &pattern) < 0)
		ret = error_set(error_r, ENOMEM, "out of memory");
	else if (!is_repeated(scan, index, buf_slice(&pattern), &other))
		ret = scan_nodes(scan, buf_slice(&pattern), deadline_ns, error_r);
	buf_release(&other);
	buf_release(&pattern);
	return ret;
}

int redis_scan(struct redis *redis, const struct dict_key *keys, size_t key_count,
	       int64_t deadline_ns, redis_key_cb *cb, void *context, struct error *error_r)
{
	struct scan scan = {
		.redis = redis, .keys = keys, .key_count = key_count, .cb = cb, .context = context};
	int ret;

	buf_init(&scan.text, REDIS_OUT_MAX);
	scan.pieces = calloc(key_count, sizeof(*scan.pieces));
	if (!scan.pieces)
		return error_set(error_r, ENOMEM, "out of memory");
	for (size_t i = 0; i < key_count; i++)
		dict_key_split(&keys[i], &scan.pieces[i]);
	ret = redis->topology->locate(redis, deadline_ns, error_r);
	if (ret == 0)
		ret = check_size(&scan, deadline_ns, error_r);
	for (size_t i = 0; i < key_count && ret == 0; i++) {
		if (keys[i].open)
			ret = scan_key(&scan, i, deadline_ns, error_r);
	}
	buf_release(&scan.text);
	free(scan.pieces);
	return ret;
}
