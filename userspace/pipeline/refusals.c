/* SPDX-License-Identifier: MIT */
#include "pipeline/refusals.h"

#include <inttypes.h>

#include "base/log.h"

#define LINE_MAX_LEN 512

static const char *const reasons[ORIGIN_VERDICT_COUNT] = {
	[ORIGIN_UNRELATED] = "its program is not one of Dovecot's",
	[ORIGIN_USER_MASTER] = "its master is an ordinary user's (setting masters)",
	[ORIGIN_OTHER_USER] = "no master has started it, and it speaks for another user",
	[ORIGIN_UNPROVED] = "it cannot be proved (setting require_proof)",
};

static void write_line(enum origin_verdict verdict, const struct login *login, uint64_t more)
{
	struct buf who;

	buf_init(&who, LINE_MAX_LEN);
	origin_describe(login, &who);
	if (more > 0)
		buf_appendf(&who, "; and %" PRIu64 " before it", more);
	log_warning("a record is not believed, since %s: %s", reasons[verdict], buf_str(&who));
	buf_release(&who);
}

void refusals_note(struct refusals *refusals, enum origin_verdict verdict,
		   const struct login *login, int64_t now_ns)
{
	if (now_ns < refusals->of[verdict].next_ns) {
		refusals->of[verdict].more++;
		return;
	}
	write_line(verdict, login, refusals->of[verdict].more);
	refusals->of[verdict].next_ns = now_ns + REFUSALS_NS;
	refusals->of[verdict].more = 0;
}
