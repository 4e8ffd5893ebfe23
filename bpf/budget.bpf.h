/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How much of the ring one source may take, so that none takes it from the others. A source is a
 * control group of processes that a master of root's has started, else a user.
 *
 * While there is room nobody is held back, except for programs that are not Dovecot's: a few of
 * their records in a second are wanted, for the log. Above a level of the ring, a source gets a
 * share of it in each second. Only the last quarter is kept for other masters than the one that
 * fills it, and only if there are others.
 */
#ifndef DOVETAP_BUDGET_BPF_H
#define DOVETAP_BUDGET_BPF_H

#include <vmlinux.h>

#include <bpf/bpf_helpers.h>
#include <dovetap/counters.h>
#include <dovetap/event.h>

#include "cgroup.bpf.h"
#include "maps.bpf.h"
#include "process.bpf.h"

#define SECOND_SHIFT 30 /* of nanoseconds: a little more than one */
#define CROWD_NS     (60ULL << SECOND_SHIFT)

#define UNRELATED_RECORDS     10U  /* a second, of one user */
#define UNRELATED_ALL_RECORDS 100U /* of all of them */

struct spending {
	__u64 second;
	__u64 records;
};

struct source_key {
	__u64 id; /* of a control group, or a uid */
	__u64 origin;
};

/* Of their own map, since users can make up any number of others. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, struct source_key);
	__type(value, struct spending);
} master_budgets SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, struct source_key);
	__type(value, struct spending);
} user_budgets SEC(".maps");

/* Of all sources together. */
struct common_budget {
	struct spending unrelated;
	__u64 last_master; /* control group of the last record */
	__u64 others_ns;   /* when it was another one before */
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct common_budget);
} common_budgets SEC(".maps");

/* Records of this second, with the one that asks. Programs at once may count a few too little. */
static __always_inline __u64 spend(struct spending *spending)
{
	__u64 second = bpf_ktime_get_ns() >> SECOND_SHIFT;

	if (spending->second != second) {
		spending->second = second;
		spending->records = 0;
	}
	__sync_fetch_and_add(&spending->records, 1);
	return spending->records;
}

static __always_inline __u64 spend_of(void *map, __u64 id, __u32 origin)
{
	struct source_key key = {.id = id, .origin = origin};
	struct spending *spending = bpf_map_lookup_elem(map, &key);
	struct spending first = {};

	if (!spending) {
		bpf_map_update_elem(map, &key, &first, BPF_NOEXIST);
		spending = bpf_map_lookup_elem(map, &key);
	}
	return spending ? spend(spending) : 1;
}

static __always_inline bool master_has_company(struct common_budget *common, __u64 cgroup)
{
	__u64 now = bpf_ktime_get_boot_ns();

	if (common->last_master != cgroup) {
		if (common->last_master)
			common->others_ns = now;
		common->last_master = cgroup;
	}
	return common->others_ns && now - common->others_ns < CROWD_NS;
}

static __always_inline bool unrelated_may(struct common_budget *common, const struct source *source)
{
	return spend_of(&user_budgets, source->uid, source->origin) <= UNRELATED_RECORDS &&
	       spend(&common->unrelated) <= UNRELATED_ALL_RECORDS;
}

/* Used and whole bytes; a share is an eighth of the ring in a second. */
struct ring_fill {
	__u64 used, size;
};

static __always_inline bool fill_has_share(const struct ring_fill *fill, __u64 records)
{
	return records * sizeof(struct dovetap_event) <= fill->size / 8;
}

static __always_inline bool user_may(const struct ring_fill *fill, const struct source *source)
{
	__u64 records = spend_of(&user_budgets, source->uid, source->origin);

	return fill->used < fill->size / 4 ||
	       (fill->used < fill->size / 2 && fill_has_share(fill, records));
}

static __always_inline bool master_may(struct common_budget *common, const struct ring_fill *fill)
{
	__u64 cgroup = cgroup_of_current();
	bool company = master_has_company(common, cgroup);
	__u64 records = spend_of(&master_budgets, cgroup, 0);

	return !company || fill->used < fill->size / 4 * 3 || fill_has_share(fill, records);
}

/* 0: it may have a record; else the counter of what is dropped. */
static __always_inline __u32 budget_drops(const struct source *source)
{
	struct ring_fill fill = {bpf_ringbuf_query(&events, BPF_RB_AVAIL_DATA),
				 bpf_ringbuf_query(&events, BPF_RB_RING_SIZE)};
	__u32 zero = 0;
	struct common_budget *common = bpf_map_lookup_elem(&common_budgets, &zero);

	if (!common)
		return 0;
	switch (source->origin) {
	case DOVETAP_ORIGIN_UNRELATED:
		return unrelated_may(common, source) ? 0 : DOVETAP_COUNT_BUDGET_UNRELATED;
	case DOVETAP_ORIGIN_ROOTLESS:
	case DOVETAP_ORIGIN_USER_MASTER:
	case DOVETAP_ORIGIN_ALONE:
	case DOVETAP_ORIGIN_LEFT:
		return user_may(&fill, source) ? 0 : DOVETAP_COUNT_BUDGET_USER;
	}
	return master_may(common, &fill) ? 0 : DOVETAP_COUNT_BUDGET_DOVECOT;
}

#endif
