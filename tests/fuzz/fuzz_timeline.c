/* SPDX-License-Identifier: MIT */
/* Any bytes as the file of the last time: what is read from it can be written and read again, and
 * from any mark on, times go on. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/timeline.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void go_on_from(const struct timeline_mark *mark)
{
	const struct clock_offset offset = {.wall_minus_boot = 1700000000LL * NS_PER_SEC};
	struct timeline timeline;
	int64_t first, second;

	timeline_init(&timeline, &offset);
	timeline.mark = *mark;
	first = timeline_time(&timeline, 1000 * NS_PER_SEC);
	second = timeline_time(&timeline, 1001 * NS_PER_SEC);
	assert(second >= first);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct timeline_mark mark, again;
	char line[128];
	size_t len;

	if (!timeline_parse((struct slice){(const char *)data, size}, &mark))
		return 0;
	len = timeline_format(&mark, line, sizeof(line));
	assert(len > 0 && timeline_parse((struct slice){line, len}, &again));
	assert(strcmp(mark.boot_id, again.boot_id) == 0 && mark.boot_ns == again.boot_ns &&
	       mark.time_ns == again.time_ns);
	go_on_from(&mark);
	return 0;
}
