/* SPDX-License-Identifier: MIT */
#include "store/drivers/redis/reader.h"

#include <errno.h>

/* hiredis allocates an array when it is announced. */
static void *create_array(const redisReadTask *task, int elements)
{
	struct redis_reader *reader = task->privdata;

	reader->elements += elements > 0 ? (size_t)elements : 0;
	return reader->elements <= REDIS_ELEMENTS_MAX ? reader->create_array(task, elements) : NULL;
}

int redis_reader_init(struct redis_reader *reader, struct error *error_r)
{
	*reader = (struct redis_reader){.hiredis = redisReaderCreate()};
	if (!reader->hiredis)
		return error_set(error_r, ENOMEM, "out of memory");
	reader->functions = *reader->hiredis->fn;
	reader->create_array = reader->functions.createArray;
	reader->functions.createArray = create_array;
	reader->hiredis->fn = &reader->functions;
	reader->hiredis->privdata = reader;
	return 0;
}

void redis_reader_release(struct redis_reader *reader)
{
	if (reader->hiredis)
		redisReaderFree(reader->hiredis);
	reader->hiredis = NULL;
}

static int unexpected(const struct redis_reader *reader, struct error *error_r)
{
	if (reader->elements > REDIS_ELEMENTS_MAX)
		return error_set(error_r, EPROTO,
				 "unexpected input: a reply of more than %lu elements",
				 REDIS_ELEMENTS_MAX);
	return error_set(error_r, EPROTO, "unexpected input: %s", reader->hiredis->errstr);
}

int redis_reader_feed(struct redis_reader *reader, struct slice data, struct error *error_r)
{
	if (redisReaderFeed(reader->hiredis, data.ptr, data.len) != REDIS_OK)
		return unexpected(reader, error_r);
	reader->bytes += data.len;
	return 0;
}

int redis_reader_next(struct redis_reader *reader, redisReply **reply_r, struct error *error_r)
{
	void *reply = NULL;

	if (redisReaderGetReply(reader->hiredis, &reply) != REDIS_OK)
		return unexpected(reader, error_r);
	if (!reply && reader->bytes > REDIS_REPLY_MAX)
		return error_set(error_r, EPROTO, "unexpected input: a reply of more than %lu MiB",
				 REDIS_REPLY_MAX >> 20);
	if (!reply)
		return 0;
	reader->bytes = reader->elements = 0;
	*reply_r = reply;
	return 1;
}

bool redis_reader_is_empty(const struct redis_reader *reader)
{
	return reader->hiredis->pos >= reader->hiredis->len;
}
