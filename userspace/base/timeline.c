/* SPDX-License-Identifier: MIT */
#include "base/timeline.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define BOOT_ID_FILE "/proc/sys/kernel/random/boot_id"
#define LINE_MAX     128
#define TIME_MAX_NS  (INT64_MAX / 2) /* the year 2116; sums do not overflow */
#define BOOT_MAX_NS  (INT64_MAX / 8) /* 36 years */

void timeline_init(struct timeline *timeline, const struct clock_offset *offset)
{
	*timeline = (struct timeline){.offset = *offset, .fd = -1};
}

void timeline_release(struct timeline *timeline)
{
	timeline_save(timeline);
	if (timeline->fd >= 0)
		close(timeline->fd);
	timeline->fd = -1;
}

/* --- times ----------------------------------------------------------------------------------- */

int64_t timeline_set_offset(struct timeline *timeline, const struct clock_offset *offset)
{
	int64_t step = offset->wall_minus_boot - timeline->offset.wall_minus_boot;

	timeline->offset = *offset;
	if (step > -TIMELINE_STEP_NS && step < TIMELINE_STEP_NS)
		return 0;
	timeline->forward += step > 0;
	timeline->back += step < 0;
	return step;
}

/* Half of the way between two stamps, so that times go on and the clock catches up. */
static int64_t half(uint64_t from_ns, uint64_t to_ns)
{
	return (int64_t)((to_ns - from_ns) / 2) + 1;
}

/* Stamps come nearly in order: this one belongs in front of the last. */
static int64_t time_before(const struct timeline *timeline, uint64_t boot_ns)
{
	const struct timeline_mark *mark = &timeline->mark;
	int64_t time_ns = clock_to_wall(&timeline->offset, boot_ns);
	int64_t held_ns = mark->time_ns - half(boot_ns, mark->boot_ns);

	if (timeline->holding && time_ns < held_ns)
		time_ns = held_ns;
	return time_ns < mark->time_ns ? time_ns : mark->time_ns;
}

int64_t timeline_time(struct timeline *timeline, uint64_t boot_ns)
{
	struct timeline_mark *mark = &timeline->mark;
	int64_t time_ns, held_ns, ahead_ns;

	if (boot_ns <= mark->boot_ns)
		return time_before(timeline, boot_ns);
	time_ns = clock_to_wall(&timeline->offset, boot_ns);
	held_ns = mark->time_ns + half(mark->boot_ns, boot_ns);
	ahead_ns = mark->time_ns - clock_to_wall(&timeline->offset, mark->boot_ns);
	timeline->holding = time_ns < held_ns && ahead_ns <= TIMELINE_HOLD_NS;
	mark->boot_ns = boot_ns;
	mark->time_ns = timeline->holding ? held_ns : time_ns;
	timeline->moved = true;
	return mark->time_ns;
}

/* --- memory ---------------------------------------------------------------------------------- */

/* UNSAFE: text may hold anything; it is cut to what a line of ours can be. */
bool timeline_parse(struct slice text, struct timeline_mark *mark_r)
{
	struct timeline_mark mark;
	char line[LINE_MAX];
	int end = 0;

	if (text.len == 0 || text.len >= sizeof(line))
		return false;
	memcpy(line, text.ptr, text.len);
	line[text.len] = '\0';
	if (sscanf(line, "1 %36[0-9a-f-] %20" SCNu64 " %19" SCNd64 "\n%n", mark.boot_id,
		   &mark.boot_ns, &mark.time_ns, &end) != 3 ||
	    (size_t)end != text.len || strlen(mark.boot_id) != TIMELINE_BOOT_ID ||
	    mark.time_ns < 0 || mark.time_ns > TIME_MAX_NS || mark.boot_ns > BOOT_MAX_NS)
		return false;
	*mark_r = mark;
	return true;
}

size_t timeline_format(const struct timeline_mark *mark, char *text, size_t size)
{
	int len = snprintf(text, size, "1 %s %020" PRIu64 " %019" PRId64 "\n", mark->boot_id,
			   mark->boot_ns, mark->time_ns);

	return len > 0 && (size_t)len < size ? (size_t)len : 0;
}

static void read_boot_id(char boot_id[TIMELINE_BOOT_ID + 1])
{
	int fd = open(BOOT_ID_FILE, O_RDONLY | O_CLOEXEC);
	ssize_t len = fd < 0 ? 0 : read(fd, boot_id, TIMELINE_BOOT_ID);

	if (fd >= 0)
		close(fd);
	boot_id[len > 0 ? len : 0] = '\0';
}

/* The stamp of an earlier start of the machine means nothing; its time does. */
static void go_on(struct timeline *timeline, const struct timeline_mark *found)
{
	struct timeline_mark *mark = &timeline->mark;
	bool same_boot = strcmp(found->boot_id, mark->boot_id) == 0;

	mark->boot_ns = same_boot ? found->boot_ns : (uint64_t)clock_boot_ns();
	mark->time_ns = found->time_ns;
}

int timeline_remember(struct timeline *timeline, const char *path, struct error *error_r)
{
	struct timeline_mark found;
	char line[LINE_MAX];
	ssize_t len;

	read_boot_id(timeline->mark.boot_id);
	timeline->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
	if (timeline->fd < 0)
		return error_set(error_r, errno, "%s: %s", path, strerror(errno));
	len = pread(timeline->fd, line, sizeof(line), 0);
	if (len > 0 && timeline_parse((struct slice){line, (size_t)len}, &found))
		go_on(timeline, &found);
	else if (len > 0 && ftruncate(timeline->fd, 0) < 0)
		return error_set(error_r, errno, "%s: %s", path, strerror(errno));
	return 0;
}

void timeline_save(struct timeline *timeline)
{
	char line[LINE_MAX];
	size_t len;

	if (timeline->fd < 0 || !timeline->moved)
		return;
	/* All lines of ours have one length. When it fails, the next time is soon. */
	len = timeline_format(&timeline->mark, line, sizeof(line));
	if (pwrite(timeline->fd, line, len, 0) == (ssize_t)len)
		timeline->moved = false;
}
