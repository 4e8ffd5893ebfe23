/* SPDX-License-Identifier: MIT */
/*
 * What was removed from stores, in the state directory: without that, who has no record
 * any more would be taken for somebody who never logged in.
 *
 *	dovetap-removed 1
 *	user 0123456789abcdef 1795337984000000000
 *	older fedcba9876543210 1763801984000000000
 *
 * "user": a name that was forgotten (its hash, for the name is not kept) and when. "older": a dict
 * (plan_dict_mark()), and that records of before that time were removed. Lines are only added.
 */
#ifndef DOVETAP_PIPELINE_REMOVED_H
#define DOVETAP_PIPELINE_REMOVED_H

#include "plan/plan.h"

/* What cannot be noted must not be removed: an errno of its own. */
#define REMOVED_UNNOTED ENOTRECOVERABLE

struct removed_entry {
	uint64_t hash;
	int64_t time_ns;
	bool is_user;
};

struct removed {
	struct removed_entry *entries;
	size_t count, size;
};

/* Before it is done, or begun. -REMOVED_UNNOTED: it must not be. */
int removed_note_user(const char *state_dir, struct slice user, int64_t now_ns,
		      struct error *error_r);
int removed_note_older(const struct plan *plan, size_t dict, int64_t before_ns,
		       struct error *error_r);

/* Without a file nothing was removed. -EPROTO: it is none of ours. */
int removed_read(struct removed *removed, const char *state_dir, struct error *error_r);
void removed_release(struct removed *removed);

/* When the user, by the name that Dovecot makes of it, was forgotten last; 0: never. */
int64_t removed_user(const struct removed *removed, const struct plan *plan, struct slice user);

/* Before when records of the dict were removed; 0: none were. */
int64_t removed_older(const struct removed *removed, const struct plan *plan, size_t dict);

#endif
