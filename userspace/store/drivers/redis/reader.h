/* SPDX-License-Identifier: MIT */
/* hiredis' parser with limits: what a hostile server announces must not become memory. No I/O. */
#ifndef DOVETAP_REDIS_READER_H
#define DOVETAP_REDIS_READER_H

#include <hiredis/hiredis.h>
#include <stdbool.h>

#include "base/error.h"
#include "base/slice.h"

#define REDIS_REPLY_MAX	   (16UL << 20) /* bytes of a reply */
#define REDIS_ELEMENTS_MAX (1UL << 20)	/* in its arrays, announced or there */

struct redis_reader {
	redisReader *hiredis; /* NULL when not in use */
	redisReplyObjectFunctions functions;
	void *(*create_array)(const redisReadTask *task, int elements);
	size_t bytes, elements; /* of the reply that is coming in */
};

/* The reader must not move while it is in use. Errors: -ENOMEM. */
int redis_reader_init(struct redis_reader *reader, struct error *error_r);
void redis_reader_release(struct redis_reader *reader);

/* Both: -EPROTO for what is no reply, or too large a one. */
int redis_reader_feed(struct redis_reader *reader, struct slice data, struct error *error_r);

/* 1 and the next reply, to be freed with freeReplyObject(), or 0 when more data is needed. */
int redis_reader_next(struct redis_reader *reader, redisReply **reply_r, struct error *error_r);

/* Is there nothing behind the last reply? */
bool redis_reader_is_empty(const struct redis_reader *reader);

#endif
