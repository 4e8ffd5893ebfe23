/* SPDX-License-Identifier: MIT */
/*
 * "redis:host=H:port=N:path=P:prefix=T:db=N:password=S:expire_secs=N:timeout_msecs=N", all of them
 * optional, as in Dovecot; and of our own (settings.c) TLS, users, clusters and sentinels.
 *
 * The value under a key is the plugin's digits. A script in the server compares them as times, so
 * that the newest wins among any number of writers; a value that is not a time, or of another
 * type, is overwritten, as the plugin would. Strict mode sends MULTI, SET, EXPIRE, EXEC instead.
 * redis_history.c keeps the last logins.
 *
 *	entries -> request.c: rounds -> single.c, sentinel.c or redis_cluster.c: which node
 *	                             -> redis_conn.c: one pipeline for each node
 */
#include "store/drivers/redis/redis.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/module.h"
#include "store/drivers/drivers.h"
#include "store/drivers/redis/redis_scan.h"
#include "store/drivers/redis/request.h"
#include "store/drivers/redis/resp.h"
#include "store/stamp.h"
#include "store/stream_tls.h"

/* --- opening ------------------------------------------------------------------------------- */

static void choose_topology(struct redis *redis)
{
	const struct redis_settings *settings = &redis->settings;

	if (settings->cluster)
		redis->topology = &redis_cluster;
	else if (*settings->sentinel)
		redis->topology = &redis_sentinel;
	else
		redis->topology = &redis_single;
}

static int open_tls(struct redis *redis, struct error *error_r)
{
	const struct redis_settings *settings = &redis->settings;
	const struct tls_files files = {
		.ca = settings->tls_ca,
		.certificate = settings->tls_cert,
		.key = settings->tls_key,
	};

	return stream_tls_new(&files, !settings->tls_insecure, &redis->target.tls, error_r);
}

static int set_up(struct redis *redis, const struct dict_config *config, struct error *error_r)
{
	struct redis_settings *settings = &redis->settings;
	int ret = redis_settings_read(settings, config, error_r);

	if (ret < 0)
		return ret;
	choose_topology(redis);
	redis->login = (struct redis_login){.username = settings->username,
					    .password = settings->password,
					    .db = settings->db,
					    .role = settings->replicas > 0 || *settings->sentinel};
	redis->sentinel_login = (struct redis_login){.username = settings->sentinel_username,
						     .password = settings->sentinel_password};
	redis->target = (struct stream_target){.path = settings->path,
					       .tls_verify = !settings->tls_insecure};
	redis_script_name(redis->history > 0 ? redis_history_script() : redis_script(), redis->sha);
	if (settings->expire_secs == 0 && !config->strict)
		settings->expire_secs = config->expire_secs;
	if (settings->expire_secs > 0)
		snprintf(redis->expire, sizeof(redis->expire), "%lld",
			 (long long)settings->expire_secs);
	return settings->tls ? open_tls(redis, error_r) : 0;
}

void redis_close(struct dict *dict)
{
	struct redis *redis = (struct redis *)dict;

	redis_nodes_release(&redis->nodes);
	stream_tls_free(&redis->target.tls);
	buf_release(&redis->key);
	redis_settings_release(&redis->settings);
	free(redis);
}

static int redis_open(const struct dict_config *config, struct dict **dict_r, struct error *error_r)
{
	struct redis *redis = calloc(1, sizeof(*redis));
	int ret;

	if (!redis)
		return error_set(error_r, ENOMEM, "out of memory");
	redis->dict.strict = config->strict;
	redis->dict.driver = config->history > 0 ? &redis_history_driver : &redis_driver;
	redis->history = config->history;
	redis->failures = config->history > 0 && strcmp(config->table, HISTORY_FAILURES) == 0;
	redis->random = (unsigned int)clock_monotonic_ns();
	buf_init(&redis->key, REDIS_OUT_MAX);
	ret = set_up(redis, config, error_r);
	if (ret < 0)
		redis_close(&redis->dict);
	else
		*dict_r = &redis->dict;
	return ret;
}

int64_t redis_within(const struct redis *redis, int64_t deadline_ns)
{
	return redis_sooner(deadline_ns, redis->settings.timeout_msecs * NS_PER_MSEC);
}

/* --- writing ------------------------------------------------------------------------------- */

/* A server keeps the script that it was sent once: its text goes along only when it is missing. */
/* A field of a login that is no time: there is nothing to compare. */
static size_t append_field(const struct redis *redis, struct redis_node *node,
			   const struct dict_entry *entry, struct slice key)
{
	if (redis->expire[0] == '\0')
		RESP_APPEND(&node->out, slice_str("SET"), key, entry->value);
	else
		RESP_APPEND(&node->out, slice_str("SET"), key, entry->value, slice_str("EX"),
			    slice_str(redis->expire));
	return 1;
}

static size_t append_script(struct redis_request *request, struct redis_node *node,
			    const struct dict_entry *entry, struct slice key)
{
	const struct redis *redis = request->redis;
	const struct slice arguments[] = {
		slice_str(node->load_script ? "EVAL" : "EVALSHA"),
		node->load_script ? redis_script() : slice_str(redis->sha),
		slice_str("1"),
		key,
		entry->value,
		slice_str(redis->expire),
	};
	size_t count = sizeof(arguments) / sizeof(arguments[0]) - (redis->expire[0] == '\0');

	if (!dict_entry_is_time(entry))
		return append_field(redis, node, entry, key);
	node->load_script = false;
	resp_append(&node->out, arguments, count);
	return 1;
}

static size_t append_strict(struct redis_request *request, struct redis_node *node,
			    const struct dict_entry *entry, struct slice key)
{
	const char *expire = request->redis->expire;

	RESP_APPEND(&node->out, slice_str("MULTI"));
	RESP_APPEND(&node->out, slice_str("SET"), key, entry->value);
	if (*expire != '\0')
		RESP_APPEND(&node->out, slice_str("EXPIRE"), key, slice_str(expire));
	RESP_APPEND(&node->out, slice_str("EXEC"));
	return 3 + (*expire != '\0');
}

/* To MULTI and what it gathers, and to EXEC. */
static bool on_strict(struct redis_request *request, struct dict_entry *entry,
		      const redisReply *reply, bool last)
{
	(void)request;
	if (!last)
		return redis_reply_is(reply, "OK") || redis_reply_is(reply, "QUEUED");
	if (reply->type != REDIS_REPLY_ARRAY)
		return false;
	dict_entry_set(entry, DICT_STORED, "%s", "");
	return true;
}

/* 1 or 0 from the script, OK to a field. */
static bool on_written(struct redis_request *request, struct dict_entry *entry,
		       const redisReply *reply, bool last)
{
	bool by_script = dict_entry_is_time(entry);

	(void)request;
	(void)last;
	if (by_script ? reply->type != REDIS_REPLY_INTEGER : !redis_reply_is(reply, "OK"))
		return false;
	dict_entry_set(entry, by_script && reply->integer == 0 ? DICT_UNCHANGED : DICT_STORED, "%s",
		       "");
	return true;
}

static int redis_write(struct dict *dict, struct dict_entry *entries, size_t count,
		       int64_t deadline_ns, struct error *error_r)
{
	struct redis *redis = (struct redis *)dict;
	struct redis_request request = {
		.redis = redis,
		.entries = entries,
		.count = count,
		.append = dict->strict ? append_strict : append_script,
		.answered = dict->strict ? on_strict : on_written,
		.writes = true,
	};

	return redis_request_run(&request, redis_within(redis, deadline_ns), error_r);
}

/* --- reading ------------------------------------------------------------------------------- */

struct reading {
	dict_record_cb *cb;
	void *context;
	int found;
};

static size_t append_get(struct redis_request *request, struct redis_node *node,
			 const struct dict_entry *entry, struct slice key)
{
	(void)request;
	(void)entry;
	RESP_APPEND(&node->out, slice_str("GET"), key);
	return 1;
}

static bool on_read(struct redis_request *request, struct dict_entry *entry,
		    const redisReply *reply, bool last)
{
	struct reading *reading = request->context;
	struct dict_record record = {.key = entry->key};

	(void)last;
	if (reply->type != REDIS_REPLY_STRING && reply->type != REDIS_REPLY_NIL)
		return false;
	dict_entry_set(entry, DICT_STORED, "%s", "");
	if (reply->type == REDIS_REPLY_NIL)
		return true;
	record.value = (struct slice){reply->str, reply->len};
	record.time_ns = stamp_to_ns(record.value);
	reading->cb(&record, reading->context);
	reading->found++;
	return true;
}

/* A record that was not found because its node is down must not pass for one that is not there. */
static int all_read(const struct dict_entry *entries, size_t count, struct error *error_r)
{
	for (size_t i = 0; i < count; i++) {
		if (entries[i].outcome != DICT_STORED)
			return error_set(error_r, EIO, "%s", entries[i].reason);
	}
	return 0;
}

static int redis_lookup(struct dict *dict, struct slice user, const struct slice *keys,
			size_t key_count, int64_t deadline_ns, dict_record_cb *cb, void *context,
			struct error *error_r)
{
	struct redis *redis = (struct redis *)dict;
	struct reading reading = {.cb = cb, .context = context};
	struct redis_request request = {
		.redis = redis,
		.entries = calloc(key_count ? key_count : 1, sizeof(struct dict_entry)),
		.count = key_count,
		.append = append_get,
		.answered = on_read,
		.context = &reading,
	};
	int ret;

	(void)user;
	if (!request.entries)
		return error_set(error_r, ENOMEM, "out of memory");
	for (size_t i = 0; i < key_count; i++)
		request.entries[i].key = keys[i];
	ret = redis_request_run(&request, redis_within(redis, deadline_ns), error_r);
	if (ret == 0)
		ret = all_read(request.entries, key_count, error_r);
	free(request.entries);
	return ret < 0 ? ret : reading.found;
}

/* --- searching ----------------------------------------------------------------------------- */

#define FOUND_MAX 65536 /* keys of one user */

/* What a search has found: keys, which are then read like any others. */
struct searching {
	struct buf text; /* of the keys, one behind the other */
	struct slice *keys;
	const struct dict_key **asked;
	size_t count, size;
	dict_record_cb *cb;
	void *context;
};

static int searching_add(struct slice key, const struct dict_key *asked, void *context,
			 struct error *error_r)
{
	struct searching *searching = context;
	size_t size = searching->size ? 2 * searching->size : 32;

	if (searching->count == FOUND_MAX)
		return error_set(error_r, EOPNOTSUPP, "more than %d records of one user",
				 FOUND_MAX);
	if (searching->count == searching->size) {
		struct slice *keys = reallocarray(searching->keys, size, sizeof(*keys));
		const struct dict_key **all;

		searching->keys = keys ? keys : searching->keys;
		all = reallocarray(searching->asked, size, sizeof(struct dict_key *));
		searching->asked = all ? all : searching->asked;
		if (!keys || !all)
			return error_set(error_r, ENOMEM, "out of memory");
		searching->size = size;
	}
	if (buf_append_slice(&searching->text, key) < 0)
		return error_set(error_r, ENOMEM, "out of memory");
	searching->keys[searching->count].len = key.len;
	searching->asked[searching->count++] = asked;
	return 0;
}

static void searching_place(struct searching *searching)
{
	const char *text = buf_str(&searching->text);

	for (size_t i = 0; i < searching->count; i++) {
		searching->keys[i].ptr = text;
		text += searching->keys[i].len;
	}
}

static void on_found(const struct dict_record *record, void *context)
{
	const struct searching *searching = context;
	struct dict_record out = *record;
	size_t i = 0;

	while (searching->keys[i].ptr != record->key.ptr)
		i++;
	out.asked = searching->asked[i];
	searching->cb(&out, searching->context);
}

static bool is_open(const struct dict_key *keys, size_t key_count)
{
	size_t i = 0;

	while (i < key_count && !keys[i].open)
		i++;
	return i < key_count;
}

static int redis_search(struct dict *dict, struct slice user, const struct dict_key *keys,
			size_t key_count, int64_t deadline_ns, dict_record_cb *cb, void *context,
			struct error *error_r)
{
	struct searching searching = {.cb = cb, .context = context};
	int ret = 0;

	buf_init(&searching.text, REDIS_OUT_MAX);
	for (size_t i = 0; i < key_count && ret == 0; i++) {
		if (!keys[i].open)
			ret = searching_add(keys[i].text, &keys[i], &searching, error_r);
	}
	if (ret == 0 && is_open(keys, key_count))
		ret = redis_scan((struct redis *)dict, keys, key_count, deadline_ns, searching_add,
				 &searching, error_r);
	searching_place(&searching);
	if (ret == 0)
		ret = redis_lookup(dict, user, searching.keys, searching.count, deadline_ns,
				   on_found, &searching, error_r);
	free(searching.keys);
	free(searching.asked);
	buf_release(&searching.text);
	return ret;
}

/* --- removing ------------------------------------------------------------------------------ */

static size_t append_del(struct redis_request *request, struct redis_node *node,
			 const struct dict_entry *entry, struct slice key)
{
	(void)request;
	(void)entry;
	RESP_APPEND(&node->out, slice_str("DEL"), key);
	return 1;
}

static bool on_removed(struct redis_request *request, struct dict_entry *entry,
		       const redisReply *reply, bool last)
{
	(void)last;
	if (reply->type != REDIS_REPLY_INTEGER)
		return false;
	dict_entry_set(entry, DICT_STORED, "%s", "");
	*(int *)request->context += (int)reply->integer;
	return true;
}

static int redis_unset(struct dict *dict, const struct slice *keys, size_t key_count,
		       int64_t deadline_ns, struct error *error_r)
{
	struct redis *redis = (struct redis *)dict;
	int removed = 0, ret;
	struct redis_request request = {
		.redis = redis,
		.entries = calloc(key_count ? key_count : 1, sizeof(struct dict_entry)),
		.count = key_count,
		.append = append_del,
		.answered = on_removed,
		.context = &removed,
		.writes = true,
	};

	if (!request.entries)
		return error_set(error_r, ENOMEM, "out of memory");
	for (size_t i = 0; i < key_count; i++)
		request.entries[i].key = keys[i];
	ret = redis_request_run(&request, redis_within(redis, deadline_ns), error_r);
	if (ret == 0)
		ret = all_read(request.entries, key_count, error_r);
	free(request.entries);
	return ret < 0 ? ret : removed;
}

/* --- looking ------------------------------------------------------------------------------- */

static int on_pong(const redisReply *reply, size_t index, void *context, struct error *error_r)
{
	const struct redis_conn *conn = context;

	(void)index;
	if (reply->type == REDIS_REPLY_ERROR)
		return error_set(error_r, EACCES, "%s%s", redis_conn_show(conn, reply->str),
				 resp_error_find(reply->str)->hint);
	return redis_reply_is(reply, "PONG") ? 0 : redis_conn_is_not_redis(conn, reply, error_r);
}

static int ping_node(struct redis_node *node, int64_t deadline_ns, struct error *error_r)
{
	struct redis_ask ask = {
		.conn = &node->conn, .expected = 1, .cb = on_pong, .context = &node->conn};
	struct buf out;
	int ret = redis_conn_open(&node->conn, deadline_ns, error_r);

	if (ret < 0)
		return ret;
	buf_init(&out, REDIS_OUT_MAX);
	RESP_APPEND(&out, slice_str("PING"));
	ret = redis_ask(&ask, &out, deadline_ns, error_r);
	buf_release(&out);
	return ret;
}

int redis_ping(struct dict *dict, int64_t deadline_ns, struct error *error_r)
{
	struct redis *redis = (struct redis *)dict;
	int ret;

	deadline_ns = redis_within(redis, deadline_ns);
	ret = redis->topology->locate(redis, deadline_ns, error_r);
	if (ret == 0 && redis->topology->check)
		ret = redis->topology->check(redis, error_r);
	for (size_t i = 0; i < redis->nodes.count && ret == 0; i++) {
		struct redis_node *node = redis->nodes.list[i];

		if (node->named)
			ret = ping_node(node,
					redis_sooner(deadline_ns, redis->topology->connect_ns),
					error_r);
	}
	return ret;
}

static int on_any(struct slice key, const struct dict_key *asked, void *context,
		  struct error *error_r)
{
	(void)key;
	(void)asked;
	*(bool *)context = true;
	return error_set(error_r, ECANCELED, "found");
}

static int redis_presence(struct dict *dict, const struct dict_key *keys, size_t key_count,
			  int64_t deadline_ns, struct dict_presence *presence_r,
			  struct error *error_r)
{
	struct redis *redis = (struct redis *)dict;
	struct error error = {0};
	bool found = false;
	int ret;

	presence_r->keeps_ns = redis->settings.expire_secs * NS_PER_SEC;
	if (key_count == 0)
		return 0;
	ret = redis_scan(redis, keys, key_count, deadline_ns, on_any, &found, &error);
	if (ret == -EOPNOTSUPP) /* too large to look through */
		return 0;
	if (ret < 0 && !found && error_r)
		*error_r = error;
	if (ret < 0 && !found)
		return ret;
	return dict_presence_set(presence_r, found ? DICT_PRESENT : DICT_EMPTY,
				 "database %lld has no key such as %s%.*s",
				 (long long)redis->settings.db, redis->settings.prefix,
				 (int)dict_key_name(keys[0].text).len,
				 dict_key_name(keys[0].text).ptr);
}

void redis_places(const struct dict *dict, dict_place_cb *cb, void *context)
{
	const struct redis_settings *settings = &((const struct redis *)dict)->settings;
	const char *const files[] = {settings->tls_ca, settings->tls_cert, settings->tls_key};

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		if (files[i])
			cb(context, files[i], DICT_PLACE_READ);
	}
}

const struct dict_driver redis_driver = {
	.name = "redis",
	.caps = DICT_CAP_NEWEST_WINS | DICT_CAP_SCANS,
	.open = redis_open,
	.write = redis_write,
	.lookup = redis_lookup,
	.search = redis_search,
	.unset = redis_unset,
	.history = redis_history,
	.ping = redis_ping,
	.presence = redis_presence,
	.places = redis_places,
	.close = redis_close,
};

MODULE_DEFINE(redis, redis_driver);
