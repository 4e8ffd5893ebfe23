/* SPDX-License-Identifier: MIT */
/*
 * Since when logins are recorded: without that, who has no record may just have logged in before.
 * The collector notes it in its state directory, for each service and place (plan_recording.h),
 * once a minute as long as it works and every Dovecot that was found is watched; whoever asks reads
 * it.
 *
 *	dovetap-since 1
 *	0123456789abcdef imap 1795337984000000000 1795424384000000000
 *	mark             service  from                    last seen at work (ns)
 *
 * Who was not seen at work for longer than SINCE_GAP_NS begins anew: the logins of that time are
 * missing.
 */
#ifndef DOVETAP_PIPELINE_SINCE_H
#define DOVETAP_PIPELINE_SINCE_H

#include "base/clock.h"
#include "plan/plan.h"

#define SINCE_GAP_NS (24LL * 3600 * NS_PER_SEC)

struct since_entry {
	uint64_t mark;
	char service[64];
	int64_t from_ns, seen_ns;
};

struct since {
	struct since_entry *entries;
	size_t count, size;
};

/* Reads the file in a state directory. -ENOENT: nothing was ever recorded there; -EPROTO: it is
 * none of ours; or the errno of the file. */
int since_read(struct since *since, const char *state_dir, struct error *error_r);
void since_release(struct since *since);

/* NULL: never recorded. */
const struct since_entry *since_find(const struct since *since, uint64_t mark, const char *service);

/* All that the plan records is recorded at now_ns. Returns 0 or -ENOMEM. */
int since_note(struct since *since, const struct plan *plan, int64_t now_ns);

/*
 * The store of that dict has lost what was recorded there: all that the plan records there begins
 * at now_ns. Returns how many of these were known before; or -ENOMEM. With now_ns 0 it only looks.
 */
int since_restart(struct since *since, const struct plan *plan, size_t dict, int64_t now_ns);

/* Replaces the file. */
int since_write(const struct since *since, const char *state_dir, struct error *error_r);

/* Pure; since was zeroed, and is to be released. */
int since_parse(struct since *since, struct slice text);
int since_format(const struct since *since, struct buf *out);

#endif
