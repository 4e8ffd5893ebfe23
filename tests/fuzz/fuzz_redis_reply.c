/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as replies of a Redis Cluster: each is read as a map of slots and, when it is an error,
 * as a redirection. Memory stays within the reader's limits whatever is announced.
 */
#include <assert.h>
#include <stdint.h>

#include "store/drivers/redis/reader.h"
#include "store/drivers/redis/resp.h"
#include "store/drivers/redis/slots.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int on_range(const struct slot_range *range, void *context, struct error *error_r)
{
	(void)context;
	(void)error_r;
	assert(range->first <= range->last && range->last < SLOT_COUNT);
	assert(range->host.len <= SLOT_HOST_MAX && range->port > 0 && range->port <= UINT16_MAX);
	assert(slot_of(range->host) < SLOT_COUNT);
	return 0;
}

static void look(const redisReply *reply)
{
	struct resp_redirect to;

	(void)slot_ranges_read(reply, on_range, NULL, NULL);
	if (reply->type != REDIS_REPLY_ERROR)
		return;
	assert(resp_error_find(reply->str));
	if (resp_redirect_parse(reply->str, &to))
		assert(to.host.len <= SLOT_HOST_MAX && to.port > 0 && to.port <= UINT16_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct redis_reader reader;
	redisReply *reply;

	if (redis_reader_init(&reader, NULL) < 0)
		return 0;
	if (redis_reader_feed(&reader, (struct slice){(const char *)data, size}, NULL) == 0) {
		while (redis_reader_next(&reader, &reply, NULL) > 0) {
			look(reply);
			freeReplyObject(reply);
		}
	}
	redis_reader_release(&reader);
	return 0;
}
