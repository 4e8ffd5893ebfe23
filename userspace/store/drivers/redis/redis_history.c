/* SPDX-License-Identifier: MIT */
/*
 * The history in Redis: a sorted set for each user.
 *
 *	PREFIXlogin-history/USER	score: the time in microseconds since 1970, which a double
 *	PREFIXfailure-history/USER	holds until 2255; member: the row (store/history.h)
 *
 * One script looks whether the row is there, adds it, and removes what is too old or too much.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "store/drivers/redis/redis.h"
#include "store/drivers/redis/request.h"
#include "store/drivers/redis/resp.h"

#define NUMBER_SIZE 24

static const char *table_of(const struct redis *redis)
{
	return redis->failures ? HISTORY_FAILURES : HISTORY_LOGINS;
}

static struct slice number(char text[NUMBER_SIZE], int64_t value)
{
	return (struct slice){text, (size_t)snprintf(text, NUMBER_SIZE, "%" PRId64, value)};
}

/* --- writing ------------------------------------------------------------------------------- */

static size_t append_row(struct redis_request *request, struct redis_node *node,
			 const struct dict_entry *entry, struct slice key)
{
	const struct redis *redis = request->redis;
	char score[NUMBER_SIZE], kept[NUMBER_SIZE];
	const struct slice arguments[] = {
		slice_str(node->load_script ? "EVAL" : "EVALSHA"),
		node->load_script ? redis_history_script() : slice_str(redis->sha),
		slice_str("1"),
		key,
		number(score, entry->time_ns / NS_PER_USEC),
		entry->value,
		number(kept, (int64_t)redis->history),
		slice_str(redis->expire),
	};
	size_t count = sizeof(arguments) / sizeof(arguments[0]) - (redis->expire[0] == '\0');

	node->load_script = false;
	resp_append(&node->out, arguments, count);
	return 1;
}

static bool on_added(struct redis_request *request, struct dict_entry *entry,
		     const redisReply *reply, bool last)
{
	(void)request;
	(void)last;
	if (reply->type != REDIS_REPLY_INTEGER)
		return false;
	dict_entry_set(entry, reply->integer == 0 ? DICT_UNCHANGED : DICT_STORED, "%s", "");
	return true;
}

/* What is no row is refused here. */
static void check_rows(struct dict_entry *entries, size_t count)
{
	struct history_row row;
	struct buf scratch;

	buf_init(&scratch, HISTORY_VALUE_MAX);
	for (size_t i = 0; i < count; i++)
		(void)history_row_of(&entries[i], &scratch, &row);
	buf_release(&scratch);
}

static int write_rows(struct dict *dict, struct dict_entry *entries, size_t count,
		      int64_t deadline_ns, struct error *error_r)
{
	struct redis *redis = (struct redis *)dict;
	struct redis_request request = {
		.redis = redis,
		.entries = entries,
		.count = count,
		.append = append_row,
		.answered = on_added,
		.writes = true,
	};

	check_rows(entries, count);
	return redis_request_run(&request, redis_within(redis, deadline_ns), error_r);
}

/* --- one command for the set of a user ------------------------------------------------------- */

struct asking {
	struct slice user;
	char limit[NUMBER_SIZE];
	bool dry_run;

	history_row_cb *cb;
	void *context;
	struct buf scratch;
	int count; /* rows that were handed out, or removed */
};

/* Runs one command, whose key is the user's set. */
static int run(struct redis *redis, struct redis_request *request, struct slice user,
	       int64_t deadline_ns, struct error *error_r)
{
	struct key_part part;
	struct dict_entry entry = {.parts = &part, .part_count = 1};
	struct buf key;
	int ret;

	request->redis = redis;
	request->entries = &entry;
	request->count = 1;
	buf_init(&key, REDIS_OUT_MAX);
	ret = history_append_key(&key, table_of(redis), user, slice_str(""), &part);
	entry.key = buf_slice(&key);
	ret = ret < 0 ? error_set(error_r, ENOMEM, "out of memory")
		      : redis_request_run(request, redis_within(redis, deadline_ns), error_r);
	if (ret == 0 && entry.outcome != DICT_STORED)
		ret = error_set(error_r, EIO, "%s", entry.reason);
	request->entries = NULL;
	buf_release(&key);
	return ret;
}

/* --- reading ------------------------------------------------------------------------------- */

static size_t append_range(struct redis_request *request, struct redis_node *node,
			   const struct dict_entry *entry, struct slice key)
{
	const struct asking *asking = request->context;

	(void)entry;
	RESP_APPEND(&node->out, slice_str("ZREVRANGE"), key, slice_str("0"),
		    slice_str(asking->limit), slice_str("WITHSCORES"));
	return 1;
}

static void hand_out(struct asking *asking, const redisReply *member, const redisReply *score)
{
	struct history_row row = {.user = asking->user};

	row.time_ns = (int64_t)strtod(score->str, NULL) * NS_PER_USEC;
	if (!history_parse((struct slice){member->str, member->len}, &asking->scratch, &row))
		return; /* somebody else's member */
	asking->cb(&row, asking->context);
	asking->count++;
}

static bool on_range(struct redis_request *request, struct dict_entry *entry,
		     const redisReply *reply, bool last)
{
	struct asking *asking = request->context;

	(void)last;
	if (reply->type != REDIS_REPLY_ARRAY || reply->elements % 2 != 0)
		return false;
	for (size_t i = 0; i < reply->elements; i++) {
		if (reply->element[i]->type != REDIS_REPLY_STRING)
			return false;
	}
	for (size_t i = 0; i < reply->elements; i += 2)
		hand_out(asking, reply->element[i], reply->element[i + 1]);
	dict_entry_set(entry, DICT_STORED, "%s", "");
	return true;
}

int redis_history(struct dict *dict, struct slice user, size_t limit, int64_t deadline_ns,
		  history_row_cb *cb, void *context, struct error *error_r)
{
	struct asking asking = {.user = user, .cb = cb, .context = context};
	struct redis_request request = {
		.append = append_range, .answered = on_range, .context = &asking};
	int ret;

	if (user.len == 0)
		return error_set(
			error_r, EOPNOTSUPP,
			"Redis keeps the history of each user by itself: the newest of all "
			"cannot be found");
	(void)number(asking.limit, (int64_t)limit - 1);
	buf_init(&asking.scratch, HISTORY_VALUE_MAX);
	ret = run((struct redis *)dict, &request, user, deadline_ns, error_r);
	buf_release(&asking.scratch);
	return ret < 0 ? ret : asking.count;
}

/* --- removing ------------------------------------------------------------------------------ */

static size_t append_removal(struct redis_request *request, struct redis_node *node,
			     const struct dict_entry *entry, struct slice key)
{
	const struct asking *asking = request->context;

	(void)entry;
	RESP_APPEND(&node->out, slice_str(asking->dry_run ? "ZCOUNT" : "ZREMRANGEBYSCORE"), key,
		    slice_str("-inf"), slice_str(asking->limit));
	return 1;
}

static bool on_removal(struct redis_request *request, struct dict_entry *entry,
		       const redisReply *reply, bool last)
{
	(void)last;
	if (reply->type != REDIS_REPLY_INTEGER)
		return false;
	((struct asking *)request->context)->count = (int)reply->integer;
	dict_entry_set(entry, DICT_STORED, "%s", "");
	return true;
}

static int remove_rows(struct dict *dict, const struct dict_removal *what, int64_t deadline_ns,
		       struct error *error_r)
{
	struct asking asking = {.dry_run = what->dry_run};
	struct redis_request request = {.append = append_removal,
					.answered = on_removal,
					.context = &asking,
					.writes = !what->dry_run};
	int ret;

	(void)number(asking.limit, what->until_ns / NS_PER_USEC);
	ret = run((struct redis *)dict, &request, what->user, deadline_ns, error_r);
	return ret < 0 ? ret : asking.count;
}

const struct dict_driver redis_history_driver = {
	.name = "redis",
	.caps = DICT_CAP_NEWEST_WINS,
	.write = write_rows,
	.history = redis_history,
	.remove = remove_rows,
	.ping = redis_ping,
	.places = redis_places,
	.close = redis_close,
};
