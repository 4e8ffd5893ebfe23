/* SPDX-License-Identifier: MIT */
/*
 * Boot-clock stamps as wall-clock times that keep the order of the stamps when the wall clock is
 * set back, so that the later of two logins stays the newer one.
 *
 *	clock   10:00:00  10:00:10 | set back by 20 s   09:59:55  10:00:05  10:00:15  10:00:25
 *	times   10:00:00  10:00:10 |                    10:00:12  10:00:17  10:00:22  10:00:27 ...
 *
 * After a step back of up to TIMELINE_HOLD_NS times go on at half the speed until the clock has
 * caught up. After a longer one they follow the clock at once: it was wrong before, and what it
 * led to is not carried on. A step forward is followed at once.
 *
 * The last time given out is kept in a file, so that this holds over a restart, too.
 */
#ifndef DOVETAP_TIMELINE_H
#define DOVETAP_TIMELINE_H

#include <stdbool.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/slice.h"

#define TIMELINE_HOLD_NS (300 * NS_PER_SEC)  /* as far as a login may lie in the future */
#define TIMELINE_STEP_NS (100 * NS_PER_MSEC) /* less is the drift between two samples */
#define TIMELINE_BOOT_ID 36

/* What is remembered: the newest stamp and the time that it became. */
struct timeline_mark {
	char boot_id[TIMELINE_BOOT_ID + 1]; /* of the kernel's start that the stamp counts from */
	uint64_t boot_ns;
	int64_t time_ns;
};

struct timeline {
	struct clock_offset offset;
	struct timeline_mark mark;
	bool holding;		/* the mark is ahead of the clock */
	bool moved;		/* since it was written */
	uint64_t forward, back; /* steps */
	int fd;			/* of the file; -1: none */
};

void timeline_init(struct timeline *timeline, const struct clock_offset *offset);
void timeline_release(struct timeline *timeline);

/* Continues from the file of an earlier process, and keeps it. An invalid file counts as none.
 * Returns 0, or a negative errno when there can be no file. */
int timeline_remember(struct timeline *timeline, const char *path, struct error *error_r);

/* Writes the file, if something has changed. Without fsync: after a power cut the boot clock is
 * another one. */
void timeline_save(struct timeline *timeline);

/* A new sample. Returns by how much the clock was set (ns), 0 when it was not. */
int64_t timeline_set_offset(struct timeline *timeline, const struct clock_offset *offset);

/* The time of a stamp. They come nearly in order; one that is older than the last gets no later
 * time than that. */
int64_t timeline_time(struct timeline *timeline, uint64_t boot_ns);

/* The file: one line. Pure. */
bool timeline_parse(struct slice text, struct timeline_mark *mark_r);
size_t timeline_format(const struct timeline_mark *mark, char *text, size_t size);

#endif
