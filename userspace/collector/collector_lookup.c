/* SPDX-License-Identifier: MIT */
/*
 * Support staff ask for a user on the control socket, and come back until there is an answer:
 *
 *	GET /lookup?of=USER             a number
 *	GET /lookup/answer?of=NUMBER    "running"; or "done" and the lines of lookups_fn; or
 *	                                "failed", the errno and the reason, by blanks
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "base/escape.h"
#include "collector/collector_private.h"

int collector_lookup_begin(struct slice user, struct buf *out, void *context)
{
	struct collector *c = context;
	uint64_t number = 0;
	int ret = -EOPNOTSUPP;

	if (!c->lookups && c->options->look_up)
		ret = lookups_new(c->options->look_up, c->options->plan, &c->lookups);
	if (c->lookups)
		ret = lookups_begin(c->lookups, user, clock_monotonic_ns(), &number);
	if (ret == -EAGAIN)
		return buf_append_str(out, "busy\n");
	return ret < 0 ? ret : buf_appendf(out, "%" PRIu64 "\n", number);
}

static int append(struct buf *out, int ret, const struct error *error, const struct buf *answer)
{
	if (ret < 0) {
		buf_appendf(out, "failed %d ", -ret);
		escape_terminal(out, slice_str(error->text));
		return buf_append_char(out, '\n');
	}
	buf_append_str(out, "done\n");
	return buf_append_slice(out, buf_slice(answer));
}

int collector_lookup_report(struct slice number, struct buf *out, void *context)
{
	struct collector *c = context;
	struct error error = {0};
	struct buf answer;
	char text[24];
	int taken, ret = 0;

	if (!c->lookups || number.len == 0 || number.len >= sizeof(text))
		return -EINVAL;
	memcpy(text, number.ptr, number.len);
	text[number.len] = '\0';
	buf_init(&answer, out->max);
	taken = lookups_take(c->lookups, strtoull(text, NULL, 10), clock_monotonic_ns(), &answer,
			     &ret, &error);
	if (taken == -ENOENT) {
		ret = error_set(&error, EAGAIN, "too many are asked for at this moment");
		taken = 1;
	}
	if (taken == 0)
		taken = buf_append_str(out, "running\n");
	else if (taken > 0)
		taken = append(out, ret, &error, &answer);
	buf_release(&answer);
	return taken;
}
