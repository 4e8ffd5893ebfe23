/* SPDX-License-Identifier: MIT */
#include "store/drivers/redis/slots.h"

#include <errno.h>
#include <hiredis/hiredis.h>

/* CRC-16/XMODEM, four bits at a time. */
static uint16_t crc16(struct slice data)
{
	static const uint16_t table[16] = {
		0x0000, 0x1021, 0x2042, 0x3063, 0x4084, 0x50a5, 0x60c6, 0x70e7,
		0x8108, 0x9129, 0xa14a, 0xb16b, 0xc18c, 0xd1ad, 0xe1ce, 0xf1ef,
	};
	uint16_t crc = 0;

	for (size_t i = 0; i < data.len; i++) {
		unsigned int byte = (unsigned char)data.ptr[i];

		crc = (uint16_t)(crc << 4 ^ table[crc >> 12 ^ byte >> 4]);
		crc = (uint16_t)(crc << 4 ^ table[crc >> 12 ^ (byte & 15)]);
	}
	return crc;
}

unsigned int slot_of(struct slice key)
{
	const char *open = key.len ? memchr(key.ptr, '{', key.len) : NULL;
	size_t left = open ? key.len - (size_t)(open + 1 - key.ptr) : 0;
	const char *close = left ? memchr(open + 1, '}', left) : NULL;

	if (close && close > open + 1)
		key = (struct slice){open + 1, (size_t)(close - open - 1)};
	return crc16(key) % SLOT_COUNT;
}

/*
 * CLUSTER SLOTS answers
 *
 *	[ [first, last, [host, port, ...], replicas...], ... ]
 *
 * where the host may be nil, "" or "?" when the node does not know how it is reached.
 */
static const redisReply *element(const redisReply *reply, size_t index, int type)
{
	if (reply->type != REDIS_REPLY_ARRAY || index >= reply->elements ||
	    reply->element[index]->type != type)
		return NULL;
	return reply->element[index];
}

static bool read_host(const redisReply *node, struct slice *host_r)
{
	const redisReply *host = element(node, 0, REDIS_REPLY_STRING);

	*host_r = (struct slice){0};
	if (!host)
		return element(node, 0, REDIS_REPLY_NIL) != NULL;
	if (host->len > SLOT_HOST_MAX || memchr(host->str, '\0', host->len))
		return false;
	*host_r = (struct slice){host->str, host->len};
	if (slice_is(*host_r, "?"))
		host_r->len = 0;
	return true;
}

static bool read_range(const redisReply *reply, struct slot_range *range)
{
	const redisReply *first = element(reply, 0, REDIS_REPLY_INTEGER);
	const redisReply *last = element(reply, 1, REDIS_REPLY_INTEGER);
	const redisReply *node = element(reply, 2, REDIS_REPLY_ARRAY);
	const redisReply *port = node ? element(node, 1, REDIS_REPLY_INTEGER) : NULL;

	if (!first || !last || !port || !read_host(node, &range->host))
		return false;
	if (first->integer < 0 || last->integer < first->integer || last->integer >= SLOT_COUNT ||
	    port->integer < 1 || port->integer > UINT16_MAX)
		return false;
	range->first = (unsigned int)first->integer;
	range->last = (unsigned int)last->integer;
	range->port = port->integer;
	return true;
}

int slot_ranges_read(const redisReply *reply, slot_range_cb *cb, void *context,
		     struct error *error_r)
{
	struct slot_range range;
	int ret = 0;

	if (reply->type != REDIS_REPLY_ARRAY || reply->elements > SLOT_COUNT)
		return error_set(error_r, EPROTO, "no list of slots in the reply to CLUSTER SLOTS");
	for (size_t i = 0; i < reply->elements; i++) {
		if (!read_range(reply->element[i], &range))
			return error_set(error_r, EPROTO,
					 "item %zu in the reply to CLUSTER SLOTS is not a range",
					 i + 1);
	}
	for (size_t i = 0; i < reply->elements && ret >= 0; i++) {
		read_range(reply->element[i], &range);
		ret = cb(&range, context, error_r);
	}
	return ret < 0 ? ret : 0;
}
