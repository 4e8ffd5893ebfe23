/* SPDX-License-Identifier: MIT */
/*
 * Where records come from: the live ring buffer or a recorded file.
 *
 * Records are lent: the bytes are valid until the next peek(). The source keeps a record until
 * release() for its position, when it is safe elsewhere; until then a restarted collector sees it
 * again. Single-threaded.
 */
#ifndef DOVETAP_CAPTURE_EVENT_SOURCE_H
#define DOVETAP_CAPTURE_EVENT_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/slice.h"

struct event_source;

struct source_level {
	uint64_t used; /* bytes that were not released */
	uint64_t size; /* bytes that there is room for; 0: no limit */
};

/* How far a source has been read by anybody, over restarts. */
#define SOURCE_MARKS 5
struct source_mark {
	uint64_t id; /* of the source; 0: none */
	uint64_t position;
};

struct event_source_ops {
	/* Lends the next record. 1 = there is one, 0 = none now, -ENODATA = none ever again (end of
	 * a file), other negative errno = broken. *position_r is what release() takes for it. */
	int (*peek)(struct event_source *source, struct slice *record_r, uint64_t *position_r,
		    struct error *error_r);
	/* Gives back every record up to and including that position. */
	void (*release)(struct event_source *source, uint64_t position);
	/* File descriptor that becomes readable when records may be there; -1 = always ready. */
	int (*fd)(struct event_source *source);
	void (*level)(struct event_source *source, struct source_level *level_r);
	/* Fills up to SOURCE_MARKS, and returns how many of the lent records had been lent by an
	 * earlier process. NULL: the source has no earlier readers. */
	uint64_t (*marks)(struct event_source *source, struct source_mark *marks_r);
	/* Was everything released that any process has been lent? With marks only. */
	bool (*all_released)(struct event_source *source);
	void (*close)(struct event_source *source);
};

struct event_source {
	const struct event_source_ops *ops;
};

#endif
